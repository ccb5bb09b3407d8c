"""The pages of the docs that are made from the registry of topics and the catalogue of metrics."""

import json
from collections.abc import Iterable
from typing import Any

from schemas.examples import Example, load_examples
from schemas.json_schemas import Schema, schema_of
from schemas.metrics import LABELS, METRICS, RECOUNT_METRICS, Metric
from schemas.registry import Topic, load
from schemas.rejections import MEANING, RESERVED, Reason

_MADE = "<!-- Made by `python -m schemas.generate`; a test fails where this page and its sources differ. -->"


def topics_page() -> str:
    """``docs/topics.md``: every topic, what its records hold, how it is kept, what is refused."""
    topics = list(load().values())
    lines = ["# Topics", "", _MADE, "", "Every real name is the setting `PREFIX` followed by the name given here.", ""]
    lines += _table(
        ("topic", "one record says", "key", "partitions", "kept", "compacted", "lease"),
        (
            (
                f"[`{t.name}`](#{_anchor(t.name)})",
                t.purpose,
                _key(t),
                _partitions(t),
                _kept(t),
                _yes(t.is_compacted),
                _yes(t.lease),
            )
            for t in topics
        ),
    )
    for topic in topics:
        lines += ["", *_topic_section(topic)]
    lines += ["", *_reasons_section(topics)]
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """``docs/metrics.md``: every metric of a worker, and what the labels hold."""
    lines = ["# Metrics", "", _MADE, ""]
    lines += [
        "What a worker shows at `/metrics`. Counters are for trends and alerts: they rise by what a page's count rose,",
        "in hours that are present or ended under 15 minutes ago. Gauges are pages read at the scrape, so exact.",
        "Ratios are recording rules.",
        "",
    ]
    lines += _metrics_table(METRICS)
    lines += [
        "",
        "## The recount service",
        "",
        "What `dialpulse reconcile --every SECONDS` shows at its `/metrics`.",
        "",
    ]
    lines += _metrics_table(RECOUNT_METRICS)
    lines += ["", "## Labels", "", *_table(("label", "holds"), ((f"`{k}`", v) for k, v in LABELS.items()))]
    return "\n".join(lines) + "\n"


def _metrics_table(metrics: Iterable[Metric]) -> list[str]:
    return _table(
        ("metric", "type", "labels", "unit", "is"),
        ((f"`{m.name}`", m.kind, ", ".join(f"`{label}`" for label in m.labels), m.unit, _help(m)) for m in metrics),
    )


def _help(metric: Metric) -> str:
    if not metric.buckets:
        return metric.help
    return f"{metric.help} Buckets: {', '.join(f'{bound:g}' for bound in metric.buckets)}."


def _topic_section(topic: Topic) -> list[str]:
    lines = [f"## {topic.name}", "", topic.purpose, "", topic.notes, ""]
    facts: list[tuple[str, str]] = [
        ("key", _key(topic)),
        ("partitioned by", topic.partitioned_by),
        ("partitions", _partitions(topic)),
        ("producers", ", ".join(topic.producers)),
        ("consumers", ", ".join(topic.consumers)),
        ("cleanup policy", ", ".join(topic.cleanup)),
        ("kept", _kept(topic)),
        ("record timestamp", topic.timestamp),
        ("largest batch", f"{topic.max_message_bytes:,} bytes"),
        ("versions", ", ".join(f"{v.version} (since {v.since})" for v in topic.versions)),
    ]
    if topic.max_compaction_lag_s is not None:
        facts.append(("compaction lag", f"{topic.min_compaction_lag_s} s to {topic.max_compaction_lag_s} s"))
    if topic.lease:
        facts.append(("lease", "records stamped earlier than `SESSION_TIMEOUT` - 2 s ago are refused by the broker"))
    lines += _table(("", ""), facts)
    if topic.schema:
        lines += ["", *_value_section(topic)]
    return lines


def _value_section(topic: Topic) -> list[str]:
    schema = schema_of(topic.name)
    lines = [
        f"Value: [JSON Schema](../schemas/json/{topic.schema}.json), [examples](../schemas/examples/{topic.name}).",
        "",
    ]
    required = set(schema["required"])
    rows = ((f"`{n}`", _type(f), _yes(n in required), f["description"]) for n, f in schema["properties"].items())
    lines += _table(("field", "type", "required", "holds"), rows)
    shown = {example.name: example for example in load_examples(topic.name)}
    for name in ("minimal", "full", "void"):
        if name in shown:
            lines += ["", *_example(shown[name])]
    if topic.rejects:
        lines += ["", f"Refused for: {', '.join(f'`{reason}`' for reason in topic.rejects)}."]
    return lines


def _example(example: Example) -> list[str]:
    value = json.dumps(example.value, ensure_ascii=False, indent=2)
    return [f"{example.why} Key `{example.key}`:", "", "```json", value, "```"]


def _reasons_section(topics: list[Topic]) -> list[str]:
    lines = ["## Reasons of rejection", "", "In order of precedence: where two apply, the first is given.", ""]
    facts = [topic for topic in topics if topic.rejects]

    def where(reason: Reason) -> str:
        names = [topic.name.split(".")[1] for topic in facts if reason in topic.rejects]
        return "none yet" if reason in RESERVED else "all" if len(names) == len(facts) else ", ".join(names)

    rows = ((f"`{reason}`", MEANING[reason], where(reason)) for reason in Reason)
    return lines + _table(("reason", "means", "fact topics"), rows)


def _type(field: Schema) -> str:
    options: list[Any] = field.get("anyOf", [field])
    found = next(option for option in options if option.get("type") != "null")
    if "enum" in found:
        return ", ".join(f"`{value}`" for value in found["enum"] if value is not None)
    if "$ref" in found:
        return "object"
    return "time" if found.get("format") == "date-time" else str(found["type"])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in body)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _key(topic: Topic) -> str:
    return "none" if topic.key is None else f"`{topic.key}`" if topic.key.startswith("<") else topic.key


def _partitions(topic: Topic) -> str:
    return "`PARTITIONS`" if topic.partitions == "facts" else str(topic.partitions)


def _kept(topic: Topic) -> str:
    return "for ever" if topic.retention_days is None else f"{topic.retention_days} days"


def _yes(flag: bool) -> str:
    return "yes" if flag else ""


def _anchor(name: str) -> str:
    return name.replace(".", "")
