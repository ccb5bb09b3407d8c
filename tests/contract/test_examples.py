"""The example records: complete, in format, and in agreement with schemas and structs."""

import json

import jsonschema
import msgspec
import pytest

from schemas.examples import Example, load_examples, topics
from schemas.facts import FACT_TYPES
from schemas.json_schemas import schema_of
from schemas.kpis import KPI_TYPES, KpiRecord, OperatorHour, Rate
from schemas.registry import load
from schemas.rejections import Reason

BEYOND_SCHEMAS = {
    Reason.TOO_LARGE,
    Reason.TIMES_OUT_OF_ORDER,
    Reason.IN_THE_FUTURE,
    Reason.TOO_LATE,
    Reason.VERSION_CONFLICT,
}
"""Reasons that hang on sizes, on two times compared, on the record's timestamp or on earlier records."""


def cases(names: dict[str, type]) -> list[object]:
    """Every example of some topics as a parameter that is called by its file."""
    return [
        pytest.param(topic, example, id=f"{topic}/{example.name}")
        for topic in names
        for example in load_examples(topic)
    ]


every_fact = pytest.mark.parametrize(("topic", "example"), cases(dict(FACT_TYPES)))
every_kpi = pytest.mark.parametrize(("topic", "example"), cases(dict(KPI_TYPES)))


def valid(topic: str, example: Example) -> bool:
    """Whether the topic's schema takes the example's value."""
    return bool(jsonschema.Draft202012Validator(schema_of(topic)).is_valid(json.loads(example.value_bytes())))


def test_every_topic_with_a_public_form_has_examples_and_no_other_has() -> None:
    """A topic without examples is a promise without a proof."""
    assert set(topics()) == {name for name, topic in load().items() if topic.schema}


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_a_fact_topic_has_its_four_good_examples_and_one_for_each_reason(topic: str) -> None:
    """minimal, full, unicode, void, and whatever may be wrong."""
    examples = load_examples(topic)
    assert {"minimal", "full", "unicode", "void"} <= {example.name for example in examples}
    assert {example.reason for example in examples} - {None} == set(load()[topic].rejects)
    for example in examples:
        assert example.name.startswith(f"invalid_{example.expect}") or example.reason is None


@every_fact
def test_an_examples_value_is_given_in_one_way(topic: str, example: Example) -> None:
    """value, raw, raw_base64 or repeat; the reason is a known one; the sentence is one."""
    forms = (example.value, example.raw, example.raw_base64, example.repeat)
    assert sum(form is not None for form in forms) == 1
    assert example.expect == "accepted" or Reason(example.expect)
    assert example.why.endswith(".")


@every_fact
def test_good_examples_validate_and_bad_ones_fail_where_a_schema_can_tell(topic: str, example: Example) -> None:
    """The schemas are no stricter than the worker, and as strict as a schema can be."""
    if example.reason is None:
        assert valid(topic, example)
        msgspec.json.decode(example.value_bytes(), type=FACT_TYPES[topic])
    elif example.reason is Reason.NOT_JSON:
        with pytest.raises((msgspec.MsgspecError, RecursionError, UnicodeDecodeError)):
            msgspec.json.decode(example.value_bytes(), type=FACT_TYPES[topic])
    else:
        assert valid(topic, example) == (example.reason in BEYOND_SCHEMAS)


@every_fact
def test_the_key_is_the_owner(topic: str, example: Example) -> None:
    """operator_id, or @ and the campaign: a record under another key would be forwarded before it counts."""
    if example.reason is None and example.value is not None:
        operator, campaign = (example.value.get("operator_id"), example.value.get("campaign_id"))
        assert example.key == (operator or f"@{campaign}")
        assert example.key_bytes() == example.key.encode()


@every_fact
def test_what_came_before_is_good_and_of_the_same_identity(topic: str, example: Example) -> None:
    """A conflict or a void is about the fact that stands, in the same hour."""
    identity = {"dialer.appointments.v1": "appointment_id", "dialer.sales.v1": "sale_id", "dialer.presence.v1": "since"}
    field = identity.get(topic, "call_id")
    validator = jsonschema.Draft202012Validator(schema_of(topic))
    for value in example.before:
        assert validator.is_valid(value)
        assert example.value is not None and value[field] == example.value[field]
    assert bool(example.before) >= (example.reason is Reason.VERSION_CONFLICT)
    assert [json.loads(value) for value in example.before_bytes()] == example.before


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_the_full_example_has_every_field(topic: str) -> None:
    """A field without an example is a field that nobody has seen."""
    full = next(example for example in load_examples(topic) if example.name == "full")
    assert full.value is not None and set(full.value) == set(FACT_TYPES[topic].__struct_fields__)


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_the_unicode_example_is_written_in_other_scripts(topic: str) -> None:
    """Latin letters alone would prove nothing."""
    example = next(example for example in load_examples(topic) if example.name == "unicode")
    assert not example.key.isascii()
    assert len(example.value_bytes()) > len(example.value_bytes().decode())


def test_large_and_hostile_values_are_what_they_are_for() -> None:
    """Described in a line, they come out as long, as deep and as broken as they should be."""
    examples = {example.name: example for example in load_examples("dialer.calls.v1")}
    assert len(examples["invalid_too_large"].value_bytes()) > 64 * 1024
    assert json.loads(examples["invalid_too_large"].value_bytes())["call_id"] == "c-1042"
    assert len(examples["invalid_too_large_key"].key_bytes()) == 1025
    assert examples["invalid_not_json_deep"].value_bytes() == b"[" * 30_000
    with pytest.raises(UnicodeDecodeError):
        examples["invalid_not_json_bytes"].value_bytes().decode()


@every_kpi
def test_kpi_examples_validate_and_come_through_the_struct_unchanged(topic: str, example: Example) -> None:
    """Schema, struct and example agree, to the byte."""
    assert valid(topic, example)
    record = msgspec.json.decode(example.value_bytes(), type=KPI_TYPES[topic])
    assert msgspec.json.encode(record) == example.value_bytes()


@every_kpi
def test_kpi_examples_are_sums_of_themselves(topic: str, example: Example) -> None:
    """Conclusions add up to conversations, statuses to appointments, slots and campaigns to counts."""
    record = msgspec.json.decode(example.value_bytes(), type=KpiRecord)
    counts, slots = record.counts, record.slots
    concluded = counts.refused + counts.warm_leads + counts.callbacks + counts.concluded_appointments
    assert concluded + counts.unclassified == counts.conversations
    assert counts.warm_short + counts.warm_medium + counts.warm_long <= counts.warm_leads
    assert counts.honoured + counts.no_shows + counts.cancelled + counts.pending == counts.appointments
    sums = (sum(slots.calls), sum(slots.conversations), sum(slots.appointments))
    assert sums == (counts.calls, counts.conversations, counts.appointments)
    if isinstance(record, OperatorHour):
        parts = list(record.campaigns.values())
        assert sum(part.counts.calls for part in parts) == counts.calls
        assert sum(part.talk_seconds for part in parts) == record.talk_seconds


@every_kpi
def test_kpi_examples_name_their_key_and_their_finality(topic: str, example: Example) -> None:
    """The key is the first id and the hour; the last digit of the revision is is_final."""
    record = msgspec.json.decode(example.value_bytes(), type=KpiRecord)
    assert example.key == f"{getattr(record, record.__struct_fields__[0])}|{record.hour_start}"
    assert record.revision[-1] == str(int(record.is_final))


def rates_of(names: dict[str, type]) -> list[object]:
    """Every rate of every KPI example, as a parameter that is called by its place."""
    records = [
        (f"{topic}/{example.name}", msgspec.json.decode(example.value_bytes(), type=KpiRecord))
        for topic in names
        for example in load_examples(topic)
    ]
    return [
        pytest.param(rate, id=f"{place}/{name}") for place, record in records for name, rate in record.rates.items()
    ]


@pytest.mark.parametrize("rate", rates_of(dict(KPI_TYPES)))
def test_a_rate_is_its_numerator_by_its_denominator(rate: Rate) -> None:
    """Null where nothing divides; an interval, where there is one, is around the value."""
    if not rate.denominator:
        assert (rate.value, rate.low, rate.high) == (None, None, None)
        return
    assert rate.value == round(rate.numerator / rate.denominator, 6)
    if rate.low is not None and rate.high is not None:
        assert 0 <= rate.low <= rate.value <= rate.high <= 1
