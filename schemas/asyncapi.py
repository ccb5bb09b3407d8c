"""``docs/asyncapi.yaml``: the topics that other programs write and read, as one AsyncAPI 3.0 document.

Everything in it comes from the registry, the JSON Schemas and the examples. AsyncAPI's own schema objects are draft 07
of JSON Schema: what stands beside a ``$ref`` there is ignored, and parts are shared under ``components``.
"""

import json
from typing import Any

import msgspec

from schemas.examples import load_examples
from schemas.facts import FACT_TYPES
from schemas.json_schemas import schemas
from schemas.registry import DAY_MS, Topic, load
from schemas.rejections import HEADERS, Reason

Node = dict[str, Any]

SPECIFICATION = "3.0.0"
KAFKA_BINDING = "0.5.0"

_MADE = "# Made by `python -m schemas.generate`; a test fails where this file and its sources differ.\n"
_TITLE = "Dialpulse"
_ABOUT = (
    "Live KPIs of outbound telephone prospecting. Producers state facts; Dialpulse counts them by owner and by hour of "
    "the site's clock, and publishes absolute snapshots.\n\n"
    "Every address stands after the setting `PREFIX`, which is empty unless set. Partitions are as many as the "
    "setting `PARTITIONS` says. A reader of KPI records keeps, per key, the record with the greatest `revision`, "
    "compared as text."
)
_SERVER: Node = {
    "host": "127.0.0.1:9092",
    "protocol": "kafka",
    "description": "The setting `KAFKA`; this is its default.",
}


def document() -> Node:
    """The whole document, as plain maps and lists that share nothing."""
    topics = [topic for topic in load().values() if topic.kind != "internal"]
    made = {
        "asyncapi": SPECIFICATION,
        "id": "urn:dialpulse",
        "info": {
            "title": _TITLE,
            "version": _version(topics),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"kafka": _SERVER},
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {topic.name: _message(topic) for topic in topics},
            "schemas": _payloads(),
        },
    }
    plain: Node = json.loads(json.dumps(made))
    return plain


def asyncapi_page() -> str:
    """``docs/asyncapi.yaml``."""
    return _MADE + msgspec.yaml.encode(document()).decode()


def _version(topics: list[Topic]) -> str:
    """The release that last changed the form of a topic."""
    releases = [version.since for topic in topics for version in topic.versions]
    return max(releases, key=lambda release: [int(number) for number in release.split(".")])


def _channel(topic: Topic) -> Node:
    configuration: Node = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": -1 if topic.retention_days is None else topic.retention_days * DAY_MS,
        "max.message.bytes": topic.max_message_bytes,
        "message.timestamp.type": topic.timestamp,
    }
    return {
        "address": topic.name,
        "summary": topic.purpose,
        "description": f"{topic.notes}\n\nPartitioned by {topic.partitioned_by}.",
        "messages": {topic.name: _ref("components", "messages", topic.name)},
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": KAFKA_BINDING}},
    }


def _operation_name(topic: Topic) -> str:
    return f"{_action(topic)}.{topic.name}"


def _operation(topic: Topic) -> Node:
    return {
        "action": _action(topic),
        "channel": _ref("channels", topic.name),
        "summary": topic.purpose,
        "messages": [_ref("channels", topic.name, "messages", topic.name)],
    }


def _action(topic: Topic) -> str:
    # As AsyncAPI has it: what this application does, not what those do who read the document.
    return "receive" if topic.kind == "fact" else "send"


def _message(topic: Topic) -> Node:
    key = {"type": "string", "description": f"UTF-8. {topic.key}"}
    message: Node = {
        "name": topic.name,
        "summary": topic.purpose,
        "bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}},
    }
    if topic.schema is None:
        return message | {"contentType": "application/octet-stream", "headers": _rejection_headers()}
    examples = [
        {"name": example.name, "summary": f"{example.why} Key: {example.key}", "payload": example.value}
        for example in load_examples(topic.name)
        if example.reason is None
    ]
    return message | {"payload": _ref("components", "schemas", topic.schema), "examples": examples}


def _rejection_headers() -> Node:
    number = {"type": "string", "pattern": "^[0-9]+$"}
    return {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "enum": list(Reason)},
            "detail": {"type": "string", "description": "the field, and what is wrong with it"},
            "topic": {"type": "string", "description": "the fact topic that the record lay in"},
            "partition": number | {"description": "its partition there"},
            "offset": number | {"description": "its offset there"},
        },
        "required": list(HEADERS),
    }


def _payloads() -> dict[str, Node]:
    """Every topic's schema by its name, and the parts that KPI records share by theirs."""
    found: dict[str, Node] = {}
    for topic, schema in schemas().items():
        body = {name: part for name, part in schema.items() if name not in ("$schema", "$id", "$defs")}
        for name, part in ({topic: body} | schema.get("$defs", {})).items():
            if found.setdefault(name, _moved(part)) != _moved(part):
                raise ValueError(f"{topic} has a part {name} that differs from another topic's; name it otherwise")
    facts = [name for name in found if name in FACT_TYPES]
    return {name: found[name] for name in (*facts, *(name for name in found if name not in facts))}


def _moved(node: Any) -> Any:
    """A schema whose references lead to ``components``, each alone in its object."""
    if isinstance(node, list):
        return [_moved(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    rest = {name: _moved(entry) for name, entry in node.items() if name != "$ref"}
    if "$ref" not in node:
        return rest
    target = _ref("components", "schemas", node["$ref"].removeprefix("#/$defs/"))
    return rest | {"allOf": [target]} if rest else target


def _ref(*path: str) -> Node:
    return {"$ref": "#/" + "/".join(path)}
