"""The five facts in their wire form, and the JSON Schemas that say the same to other people's programs."""

import json
from datetime import datetime
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors import fields, times
from schemas import forms
from schemas.facts import FACT_TYPES, AnyFact, Appointment, Call, Conversation, Presence, Sale
from schemas.json_schemas import schema_of
from schemas.wording import describe

TIMES = dict.fromkeys(("started_at", "call_started_at", "booked_at", "since"), "2026-11-23T13:00:00Z")
WHO = {"operator_id": "o17", "campaign_id": "autumn"}
LEAST: dict[str, dict[str, Any]] = {
    "dialer.calls.v1": {"call_id": "c1", "started_at": TIMES["started_at"], "campaign_id": "autumn"},
    "dialer.conversations.v1": {"call_id": "c1", "call_started_at": TIMES["since"], **WHO, "outcome": "refused"},
    "dialer.appointments.v1": {"appointment_id": "a1", "booked_at": TIMES["booked_at"], **WHO},
    "dialer.sales.v1": {"sale_id": "s1", "appointment_id": "a1", "booked_at": TIMES["booked_at"], **WHO},
    "dialer.presence.v1": {"operator_id": "o17", "since": TIMES["since"], "state": "available"},
}
VOIDS: dict[str, dict[str, Any]] = {
    "dialer.calls.v1": LEAST["dialer.calls.v1"],
    "dialer.conversations.v1": {"call_id": "c1", "call_started_at": TIMES["since"], **WHO},
    "dialer.appointments.v1": {"appointment_id": "a1", "call_id": "c1", "call_started_at": TIMES["since"], **WHO},
    "dialer.sales.v1": {"sale_id": "s1", "call_id": "c1", "call_started_at": TIMES["since"], **WHO},
    "dialer.presence.v1": {"operator_id": "o17", "since": TIMES["since"]},
}


def valid(topic: str, value: object) -> bool:
    """Whether the topic's JSON Schema takes a value."""
    return bool(jsonschema.Draft202012Validator(schema_of(topic)).is_valid(value))


def test_the_facts_stand_in_the_order_of_the_contract() -> None:
    """The order of the topics breaks ties between facts of one instant, so it is part of the contract."""
    assert list(FACT_TYPES) == list(LEAST)
    assert list(FACT_TYPES.values()) == [Call, Conversation, Appointment, Sale, Presence]


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_the_least_fact_decodes_and_validates_and_lacks_nothing_that_could_be_taken_away(topic: str) -> None:
    """Required is what the contract requires, no field more and none less."""
    msgspec.json.decode(msgspec.json.encode(LEAST[topic]), type=FACT_TYPES[topic])
    assert valid(topic, LEAST[topic])
    for field in LEAST[topic]:
        rest = {name: value for name, value in LEAST[topic].items() if name != field}
        assert not valid(topic, rest), field
        assert not valid(topic, rest | {field: None}), f"{field}: null is the same as absent"


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_a_void_needs_identity_hour_owner_and_version_only(topic: str) -> None:
    """A void may lack what it does not need, but says by which version it outranks what it withdraws."""
    void = VOIDS[topic] | {"voided": True}
    assert valid(topic, void | {"version": 1})
    assert not valid(topic, void)
    fact = msgspec.json.decode(msgspec.json.encode(void), type=FACT_TYPES[topic])
    assert fact.voided is True
    if VOIDS[topic] != LEAST[topic]:
        assert not valid(topic, VOIDS[topic] | {"version": 1}), "only a void may lack it"


def test_a_void_without_its_calls_start_still_names_its_booking() -> None:
    """Something must say which hour is meant."""
    for topic in ("dialer.appointments.v1", "dialer.sales.v1"):
        void = {name: value for name, value in VOIDS[topic].items() if not name.startswith("call_")}
        assert not valid(topic, void | {"voided": True, "version": 1})
        assert valid(topic, void | {"voided": True, "version": 1, "booked_at": TIMES["booked_at"]})


@pytest.mark.parametrize("topic", FACT_TYPES)
@given(extra=st.dictionaries(st.text(min_size=1).map("x_".__add__), st.none() | st.integers(0, 9) | st.text()))
def test_unknown_fields_are_ignored_and_null_is_the_same_as_absent(topic: str, extra: dict[str, Any]) -> None:
    """A source may send more than is asked for, and may spell out what it does not know."""
    kind = FACT_TYPES[topic]
    nulls = {name: None for name in kind.__struct_fields__ if name not in LEAST[topic]}
    plain = msgspec.json.decode(msgspec.json.encode(LEAST[topic]), type=kind)
    assert msgspec.json.decode(json.dumps(LEAST[topic] | nulls | extra).encode(), type=kind) == plain
    assert valid(topic, LEAST[topic] | nulls | extra)


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        ("dialer.calls.v1", {"abandoned": True, "answered_by": "machine"}),
        ("dialer.calls.v1", {"operator_id": "@autumn"}),
        ("dialer.calls.v1", {"attempt": 0}),
        ("dialer.calls.v1", {"version": 2**43}),
        ("dialer.calls.v1", {"call_id": "c1 "}),
        ("dialer.calls.v1", {"call_id": "c|1"}),
        ("dialer.calls.v1", {"call_id": "c" * 129}),
        ("dialer.calls.v1", {"started_at": "2026-11-23 13:00:00Z"}),
        ("dialer.calls.v1", {"started_at": "2026-11-23T13:00:00.1234567Z"}),
        ("dialer.conversations.v1", {"warm_horizon": "short"}),
        ("dialer.conversations.v1", {"talk_seconds": -0.1}),
        ("dialer.appointments.v1", {"call_id": "c1"}),
        ("dialer.appointments.v1", {"call_started_at": TIMES["since"]}),
        ("dialer.sales.v1", {"amount": "10.00"}),
        ("dialer.sales.v1", {"currency": "EUR"}),
        ("dialer.sales.v1", {"amount": "1e3", "currency": "EUR"}),
        ("dialer.presence.v1", {"state": "lunch"}),
    ],
)
def test_the_schema_refuses_what_the_contract_refuses(topic: str, change: dict[str, Any]) -> None:
    """Rules of one field and between fields are in the schemas, as far as they can be said there."""
    assert valid(topic, LEAST[topic])
    assert not valid(topic, LEAST[topic] | change)


@given(
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    identity=st.text(),
    version=st.integers(-(2**63), 2**63 - 1),
)
def test_forms_cost_a_decoder_nothing(seconds: float, identity: str, version: int) -> None:
    """The decoder of the hot path checks types only: whatever breaks a form decodes, and is judged elsewhere."""
    value = {"call_id": identity, "started_at": identity, "campaign_id": identity, "version": version}
    call = msgspec.json.decode(msgspec.json.encode(value | {"talk_seconds": seconds}), type=Call)
    assert (call.call_id, call.version, call.talk_seconds) == (identity, version, seconds)


ids = st.text(st.characters(codec="utf-8", exclude_characters="|"), min_size=1, max_size=128).filter(
    lambda text: text.isprintable() and text.strip() == text
)
moments = st.datetimes(datetime(1973, 1, 2), datetime(2199, 12, 31)).flatmap(
    lambda moment: st.sampled_from(("Z", "+00:00", "-00:00", "+05:30", "-11:00", "z")).map(moment.isoformat().__add__)
)


@given(
    call_id=ids,
    operator_id=ids.filter(lambda text: text[0] != "@"),
    started_at=moments,
    seconds=st.floats(0, forms.LONGEST_DURATION_S),
    version=st.integers(0, forms.GREATEST_VERSION),
    attempt=st.integers(1, forms.GREATEST_ATTEMPT),
)
def test_what_the_judge_takes_the_schema_takes(
    call_id: str, operator_id: str, started_at: str, seconds: float, version: int, attempt: int
) -> None:
    """Patterns are necessary conditions: no good id, time or number may fail them, in any script or zone."""
    assert fields.is_id(call_id)
    times.parse_time(started_at)
    value = {"call_id": call_id, "campaign_id": call_id, "operator_id": operator_id, "started_at": started_at}
    assert valid("dialer.calls.v1", value | {"talk_seconds": seconds, "version": version, "attempt": attempt})


def test_the_limits_in_the_schemas_are_those_of_the_judge() -> None:
    """Two rooms know them: schemas may not import processors, and the judge is where they act."""
    judged = (fields.LONGEST_ID, fields.GREATEST_VERSION, fields.GREATEST_ATTEMPT, times.LONGEST_DURATION_SECONDS)
    assert judged == (forms.LONGEST_ID, forms.GREATEST_VERSION, forms.GREATEST_ATTEMPT, forms.LONGEST_DURATION_S)


@pytest.mark.parametrize("kind", FACT_TYPES.values())
def test_every_field_is_described(kind: type[AnyFact]) -> None:
    """A field that nobody describes would stand in the docs without a word."""
    for field in kind.__struct_fields__:
        assert describe(kind.__name__, field)
    with pytest.raises(KeyError):
        describe(kind.__name__, "no_such_field")
