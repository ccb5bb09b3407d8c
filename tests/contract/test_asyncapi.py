"""The AsyncAPI document: well formed, without loose ends, and as strict as the schemas it was made from.

The specification's own JSON Schema is in no Python package, and tests should not need another language's: the form
below is ours, and as strict as that one in the objects that the document uses: whatever is not named is refused. By
hand, the document was held against 3.0.0.json of the npm package @asyncapi/specs 6.11.1: nothing was found.
"""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from schemas.asyncapi import document
from schemas.examples import Example, load_examples
from schemas.facts import FACT_TYPES
from schemas.generate import ROOT
from schemas.json_schemas import schema_of, schemas
from schemas.registry import Topic, load
from schemas.rejections import Reason
from streams.settings import Settings

PUBLIC = {name: topic for name, topic in load().items() if topic.kind != "internal"}
WRITTEN: dict[str, Any] = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text(encoding="utf-8"))


def closed(required: str, **properties: Any) -> dict[str, Any]:
    """An object that has the required fields, and none but those named."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def named(entry: dict[str, Any]) -> dict[str, Any]:
    """A map from names that AsyncAPI allows under components to entries of one form."""
    return {"type": "object", "propertyNames": {"pattern": r"^[A-Za-z0-9._-]+$"}, "additionalProperties": entry}


TEXT = {"type": "string", "minLength": 1}
REFERENCE = closed("$ref", **{"$ref": {"type": "string", "pattern": "^#/"}})
DRAFT_07 = {"$ref": "http://json-schema.org/draft-07/schema#"}
BINDING_VERSION = {"const": "0.5.0"}
CLEANUP = {"type": "array", "items": {"enum": ["compact", "delete"]}, "minItems": 1}
CONFIGURATION = {"type": "object", "properties": {"cleanup.policy": CLEANUP, "retention.ms": {"type": "integer"}}}
CHANNEL = closed(
    "address messages bindings",
    address=TEXT,
    summary=TEXT,
    description=TEXT,
    messages=named(REFERENCE) | {"minProperties": 1},
    bindings=closed("kafka", kafka=closed("", topicConfiguration=CONFIGURATION, bindingVersion=BINDING_VERSION)),
)
OPERATION = closed(
    "action channel messages",
    action={"enum": ["send", "receive"]},
    channel=REFERENCE,
    summary=TEXT,
    messages={"type": "array", "items": REFERENCE, "minItems": 1},
)
EXAMPLE = closed("payload", name=TEXT, summary=TEXT, payload={"type": "object"})
MESSAGE = closed(
    "name bindings",
    name=TEXT,
    summary=TEXT,
    contentType=TEXT,
    headers={"allOf": [DRAFT_07, {"properties": {"type": {"const": "object"}}, "required": ["type"]}]},
    payload=REFERENCE,
    examples={"type": "array", "items": EXAMPLE, "minItems": 1},
    bindings=closed("kafka", kafka=closed("key", key=DRAFT_07, bindingVersion=BINDING_VERSION)),
)
DOCUMENT = closed(
    "asyncapi info",
    asyncapi={"const": "3.0.0"},
    id={"type": "string", "pattern": "^urn:[a-z]+$"},
    info=closed("title version", title=TEXT, version=TEXT, description=TEXT, license=closed("name", name=TEXT)),
    defaultContentType=TEXT,
    servers=named(closed("host protocol", host=TEXT, protocol={"const": "kafka"}, description=TEXT)),
    channels=named(CHANNEL),
    operations=named(OPERATION),
    components=closed("", messages=named(MESSAGE), schemas=named(DRAFT_07)),
)


def references(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document that refers to another; what examples hold is data."""
    if isinstance(node, list):
        for entry in node:
            yield from references(entry)
    elif isinstance(node, dict):
        if "$ref" in node:
            yield node
        for name, entry in node.items():
            if name != "examples":
                yield from references(entry)


def resolved(reference: dict[str, str]) -> Any:
    """What a reference leads to. Raises KeyError where it leads nowhere."""
    found: Any = WRITTEN
    for step in reference["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def takes(topic: str, value: Any) -> bool:
    """Whether the document's own form of a topic's payload takes a value."""
    schema = {"$ref": f"#/components/schemas/{topic}", "components": WRITTEN["components"]}
    return bool(jsonschema.Draft7Validator(schema).is_valid(value))


def parsed(example: Example) -> Any:
    """An example's value, NotImplemented where it is no JSON."""
    try:
        return json.loads(example.value_bytes())
    except (ValueError, RecursionError):
        return NotImplemented


def test_the_file_is_what_the_registry_says() -> None:
    """Read as YAML, the committed file is the document, nothing lost in writing it down."""
    assert document() == WRITTEN


def test_every_object_has_the_form_that_the_specification_gives_it() -> None:
    """No required field is missing, none is misspelt, and every schema is one of draft 07."""
    assert [error.message for error in jsonschema.Draft7Validator(DOCUMENT).iter_errors(WRITTEN)] == []


@pytest.mark.parametrize(
    ("place", "field"),
    [((), "chanels"), (("channels", "kpi.team-hour.v1"), "adress"), (("operations", "send.kpi.team-hour.v1"), "chan")],
)
def test_a_misspelt_field_would_be_found(place: tuple[str, ...], field: str) -> None:
    """The form is closed, so the test above can fail."""
    changed = document()
    node = changed
    for step in place:
        node = node[step]
    node[field] = {}
    assert not jsonschema.Draft7Validator(DOCUMENT).is_valid(changed)


def test_every_reference_leads_somewhere_and_stands_alone() -> None:
    """What stood beside a reference would be ignored by whoever reads the document."""
    found = list(references(WRITTEN))
    assert len(found) > 40
    for reference in found:
        assert list(reference) == ["$ref"]
        resolved(reference)


def test_every_component_is_used() -> None:
    """A form that nothing refers to is a form of nothing."""
    used = {reference["$ref"] for reference in references(WRITTEN)}
    for kind, entries in WRITTEN["components"].items():
        assert {f"#/components/{kind}/{name}" for name in entries} <= used


@pytest.mark.parametrize("topic", PUBLIC.values(), ids=list(PUBLIC))
def test_every_public_topic_has_its_channel_message_and_operation(topic: Topic) -> None:
    """Facts are received, the rest is sent; the key is said, and the broker's settings are the registry's."""
    channel = WRITTEN["channels"][topic.name]
    action = "receive" if topic.kind == "fact" else "send"
    operation = WRITTEN["operations"][f"{action}.{topic.name}"]
    [message] = [resolved(reference) for reference in channel["messages"].values()]
    assert channel["address"] == message["name"] == topic.name
    assert operation["action"] == action and resolved(operation["channel"]) == channel
    assert [resolved(resolved(reference)) for reference in operation["messages"]] == [message]
    assert topic.key is not None and topic.key in message["bindings"]["kafka"]["key"]["description"]
    set_by_topic = topic.config(10)
    for name, value in channel["bindings"]["kafka"]["topicConfiguration"].items():
        assert set_by_topic[name] == (",".join(value) if isinstance(value, list) else str(value))


def test_nothing_else_is_described() -> None:
    """Internal topics are nobody's business but the worker's."""
    assert set(WRITTEN["channels"]) == set(PUBLIC)
    assert len(WRITTEN["operations"]) == len(PUBLIC)


@pytest.mark.parametrize("topic", schemas())
def test_every_example_in_it_is_a_good_one_that_its_payload_takes(topic: str) -> None:
    """All accepted examples are there, whole, and valid by the schema beside them."""
    shown = WRITTEN["components"]["messages"][topic]["examples"]
    assert [e["payload"] for e in shown] == [e.value for e in load_examples(topic) if e.reason is None]
    for example in shown:
        assert takes(topic, example["payload"])


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_it_refuses_exactly_what_the_schemas_refuse(topic: str) -> None:
    """Rewritten for another draft and with shared parts, a schema judges every example as before."""
    whole = jsonschema.Draft202012Validator(schema_of(topic))
    values = [value for example in load_examples(topic) if (value := parsed(example)) is not NotImplemented]
    verdicts = [takes(topic, value) for value in values]
    assert verdicts == [whole.is_valid(value) for value in values]
    assert True in verdicts and False in verdicts


@pytest.mark.parametrize("topic", [name for name, topic in PUBLIC.items() if topic.kind == "kpi"])
@pytest.mark.parametrize("part", ["counts", "rates", "slots"])
def test_shared_parts_of_a_kpi_record_are_judged(topic: str, part: str) -> None:
    """A record with a part that is none is refused: the references within payloads are followed."""
    [value, *_] = [example.value for example in load_examples(topic)]
    assert value is not None
    assert takes(topic, value)
    assert not takes(topic, value | {part: {"calls": "many"}})


def test_the_headers_of_rejected_records_are_told() -> None:
    """Whoever mends a source learns the reasons from the document."""
    headers = WRITTEN["components"]["messages"]["dialer.rejected.v1"]["headers"]
    assert headers["properties"]["reason"]["enum"] == [str(reason) for reason in Reason]
    assert set(headers["required"]) == set(headers["properties"])


def test_the_server_is_the_default_setting() -> None:
    """One address in the settings and here."""
    assert WRITTEN["servers"]["kafka"]["host"] == Settings.model_fields["kafka"].default
