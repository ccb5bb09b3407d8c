"""Every reason of rejection: the examples, which of two comes first, and bytes that mean harm."""

import json
from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import pytest

from processors.building import Refusal
from processors.fields import GREATEST_KEY, GREATEST_VALUE
from processors.hours import Clocks
from processors.reading import DEEPEST_NESTING, Reader
from processors.times import DAY_US, format_time, parse_time
from schemas.examples import Example, load_examples
from schemas.facts import FACT_TYPES
from schemas.registry import load
from schemas.rejections import RESERVED, Reason
from tests.unit.core import Core

RECORD_US = parse_time("2026-11-23T13:45:00Z")
ORDER = list(Reason)
EXAMPLES = [(topic, example) for topic in FACT_TYPES for example in load_examples(topic)]


@pytest.mark.parametrize(("topic", "example"), EXAMPLES, ids=[f"{topic}-{one.name}" for topic, one in EXAMPLES])
def test_every_example_becomes_what_it_says(topic: str, example: Example) -> None:
    """An example record is accepted, or rejected for its reason with a detail that names its field."""
    core = Core(Clocks("UTC"))
    record_us = parse_time(example.record_timestamp)
    for value in example.before_bytes():
        assert core.offer(topic, example.key_bytes(), value, record_us) == "accepted"
    result = core.offer(topic, example.key_bytes(), example.value_bytes(), record_us)
    good = {"accepted", "duplicate"} if example.before else {"accepted"}
    assert result in (good if example.reason is None else {example.reason})
    if example.detail_names is not None and result != Reason.VERSION_CONFLICT:
        refusal = _refusal(topic, example.key_bytes(), example.value_bytes(), record_us)
        assert refusal.detail.startswith(f"{example.detail_names}: ")


class _Case:
    """A good record of a topic that is spoiled step by step."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.key = b"o1"
        self.record_us = RECORD_US
        self.is_future = False
        self.standing: dict[str, Any] | None = None
        self.value: dict[str, Any] = {"operator_id": "o1", "campaign_id": "autumn"}
        start = "2026-11-23T13:42:00Z"
        self.value |= {
            "dialer.calls.v1": {"call_id": "c1", "started_at": start},
            "dialer.conversations.v1": {"call_id": "c1", "call_started_at": start, "outcome": "refused"},
            "dialer.appointments.v1": {"appointment_id": "a1", "booked_at": start},
            "dialer.sales.v1": {"sale_id": "s1", "appointment_id": "a1", "booked_at": start},
            "dialer.presence.v1": {"since": start, "state": "paused"},
        }[topic]

    def result(self) -> str:
        """What becomes of the record as it is now."""
        core = Core(Clocks("UTC"))
        if self.standing is not None:
            assert core.offer(self.topic, b"o1", json.dumps(self.standing).encode(), RECORD_US) == "accepted"
        value = self.value
        if self.is_future:
            value = value | {"stated_at": format_time(self.record_us + 2 * DAY_US)}
        return core.offer(self.topic, self.key, json.dumps(value).encode(), self.record_us)


def _put(**fields: Any) -> Callable[[_Case], None]:
    def put(case: _Case) -> None:
        case.value |= fields

    return put


def _long_key(case: _Case) -> None:
    case.key = b"k" * (GREATEST_KEY + 1)


def _leave_out(case: _Case) -> None:
    case.value.pop("state" if case.topic == "dialer.presence.v1" else "campaign_id", None)


def _tell_the_future(case: _Case) -> None:
    case.is_future = True


def _come_late(case: _Case) -> None:
    case.record_us = RECORD_US + 200 * DAY_US


def _contradict(case: _Case) -> None:
    case.standing = dict(_Case(case.topic).value, team_id="another")


_TIMES = {
    "dialer.calls.v1": "ended_at",
    "dialer.conversations.v1": "callback_at",
    "dialer.appointments.v1": "scheduled_for",
    "dialer.sales.v1": "closed_at",
    "dialer.presence.v1": "since",
}
_EVERYWHERE: dict[Reason, Callable[[_Case], None]] = {
    Reason.TOO_LARGE: _long_key,
    Reason.MISSING_FIELD: _leave_out,
    Reason.WRONG_TYPE: _put(script_id=7),
    Reason.BAD_VALUE: _put(site_id=" lyon"),
    Reason.IN_THE_FUTURE: _tell_the_future,
    Reason.TOO_LATE: _come_late,
    Reason.VERSION_CONFLICT: _contradict,
}


def _spoilers(topic: str) -> dict[Reason, Callable[[_Case], None]]:
    """One way to each reason that a topic can have, each in a field of its own."""
    found = _EVERYWHERE | {Reason.TIME_WITHOUT_OFFSET: _put(**{_TIMES[topic]: "2026-11-23T13:44:00"})}
    if topic in ("dialer.calls.v1", "dialer.conversations.v1"):
        found[Reason.NEGATIVE_DURATION] = _put(talk_seconds=-0.5)
    if topic == "dialer.calls.v1":
        found[Reason.TIMES_OUT_OF_ORDER] = _put(answered_at="2026-11-23T13:41:00Z")
    if topic == "dialer.conversations.v1":
        found[Reason.HORIZON_WITHOUT_WARM_LEAD] = _put(warm_horizon="short")
    if topic in ("dialer.appointments.v1", "dialer.sales.v1"):
        found[Reason.HALF_REFERENCE] = _put(call_id="c9")
    return found


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_of_two_reasons_the_first_in_the_list_is_given(topic: str) -> None:
    """Each reason alone, and every two together, in every topic that can have them."""
    spoilers = _spoilers(topic)
    assert _Case(topic).result() == "accepted"
    for one, other in combinations_with_replacement(sorted(spoilers, key=ORDER.index), 2):
        case = _Case(topic)
        spoilers[other](case)
        spoilers[one](case)
        assert case.result() == one, (one, other)


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_the_ways_to_spoil_a_record_lead_to_every_reason_that_its_topic_lists(topic: str) -> None:
    """All but what is no JSON, which has no fields to be wrong, and none that is reserved for later."""
    assert set(_spoilers(topic)) == set(load()[topic].rejects) - {Reason.NOT_JSON}
    assert not RESERVED & set(_spoilers(topic))


_HOSTILE: list[tuple[str, bytes | None, bytes | None, Reason, str]] = [
    ("no value", b"o1", None, Reason.NOT_JSON, "the value"),
    ("an empty value", b"o1", b"", Reason.NOT_JSON, "the value"),
    ("no UTF-8", b"o1", b'{"call_id": "\xff\xfe"}', Reason.NOT_JSON, "the value"),
    ("an overlong encoding", b"o1", b'{"call_id": "\xc0\xaf"}', Reason.NOT_JSON, "the value"),
    ("an encoded surrogate", b"o1", b'{"call_id": "\xed\xa0\x80"}', Reason.NOT_JSON, "the value"),
    ("lists nested 30,000 deep", b"o1", b"[" * 30_000 + b"]" * 30_000, Reason.NOT_JSON, "the value"),
    ("lists never closed", b"o1", b"[" * 60_000, Reason.NOT_JSON, "the value"),
    ("an unknown field nested deep", b"o1", b'{"x":' + b"[" * 9999 + b"]" * 9999 + b"}", Reason.NOT_JSON, "the value"),
    ("objects nested deep", b"o1", b'{"x":' * 9999 + b"1" + b"}" * 9999, Reason.NOT_JSON, "the value"),
    ("a list", b"o1", b"[1, 2]", Reason.NOT_JSON, "the value"),
    ("two objects", b"o1", b"{} {}", Reason.NOT_JSON, "the value"),
    ("a value of 1 MB", b"o1", b'{"x": "' + b"x" * 1_000_000 + b'"}', Reason.TOO_LARGE, "the value"),
    ("a value of 1 MB that is no JSON", b"o1", b"\xff" * 1_000_000, Reason.TOO_LARGE, "the value"),
    ("a key of 1 MB", b"k" * 1_000_000, b"{}", Reason.TOO_LARGE, "the key"),
    ("a key of 1 MB without a value", b"k" * 1_000_000, None, Reason.TOO_LARGE, "the key"),
    ("a version of 30 digits", b"o1", b'{"version": ' + b"9" * 30 + b"}", Reason.MISSING_FIELD, ""),
    ("a number of 60,000 digits", b"o1", b'{"version": ' + b"9" * 60_000 + b"}", Reason.MISSING_FIELD, ""),
]


@pytest.mark.parametrize("topic", FACT_TYPES)
@pytest.mark.parametrize(("what", "key", "value", "reason", "named"), _HOSTILE, ids=[case[0] for case in _HOSTILE])
def test_hostile_bytes_are_rejected_with_a_reason(
    topic: str, what: str, key: bytes | None, value: bytes | None, reason: Reason, named: str
) -> None:
    """Whatever arrives in whichever topic is refused for its reason, and nothing is raised but the refusal."""
    refusal = _refusal(topic, key, value, RECORD_US)
    assert refusal.reason == reason
    assert refusal.detail.startswith(named)
    assert len(refusal.detail) < 200


@pytest.mark.parametrize("digits", [20, 30, 5000])
@pytest.mark.parametrize(
    ("topic", "field", "sign", "reason"),
    [
        ("dialer.calls.v1", "version", "", Reason.BAD_VALUE),
        ("dialer.calls.v1", "attempt", "-", Reason.BAD_VALUE),
        ("dialer.calls.v1", "talk_seconds", "", Reason.BAD_VALUE),
        ("dialer.conversations.v1", "talk_seconds", "-", Reason.NEGATIVE_DURATION),
        ("dialer.sales.v1", "amount", "", Reason.WRONG_TYPE),
        ("dialer.presence.v1", "state", "", Reason.WRONG_TYPE),
        ("dialer.appointments.v1", "operator_id", "", Reason.WRONG_TYPE),
    ],
)
def test_an_immense_integer_is_judged_by_the_field_it_stands_in(
    topic: str, field: str, sign: str, reason: Reason, digits: int
) -> None:
    """However many digits: out of range where a number is due, of the wrong type elsewhere; the detail names it."""
    value = _Case(topic).value
    value.pop(field, None)
    text = f'{json.dumps(value)[:-1]}, "{field}": {sign}{"9" * digits}}}'
    refusal = _refusal(topic, b"o1", text.encode(), RECORD_US)
    assert (refusal.reason, refusal.detail.partition(":")[0]) == (reason, field)


def test_limits_themselves_are_within_the_limits() -> None:
    """A key and a value just as long as allowed, and nesting just as deep, are read."""
    value = _Case("dialer.calls.v1").value
    value["deep"] = json.loads("[" * (DEEPEST_NESTING - 1) + "]" * (DEEPEST_NESTING - 1))
    value["long"] = ""
    value["long"] = "[" * (GREATEST_VALUE - len(json.dumps(value)))
    text = json.dumps(value).encode()
    assert len(text) == GREATEST_VALUE
    core = Core(Clocks("UTC"))
    assert core.offer("dialer.calls.v1", b"k" * GREATEST_KEY, text, RECORD_US) == "forwarded"


def _refusal(topic: str, key: bytes | None, value: bytes | None, record_us: int) -> Refusal:
    with pytest.raises(Refusal) as refused:
        Reader(Clocks("UTC")).read(topic, key, value, record_us)
    return refused.value
