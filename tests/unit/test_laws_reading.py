"""The quick way of the reader and the thorough judgement say the same of every record."""

import json
from itertools import combinations, product
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import processors.reading
from processors.building import Builder, Refusal
from processors.hours import Clocks
from processors.judging import judge
from processors.reading import Reader
from processors.statements import decode_run, encode_run
from processors.times import parse_time
from schemas import facts
from schemas.facts import FACT_TYPES
from schemas.rejections import Reason

CLOCKS = Clocks("UTC", {"paris": "Europe/Paris", "howe": "Australia/Lord_Howe"})
READER = Reader(CLOCKS)
BUILDER = Builder(CLOCKS)
RECORD_US = parse_time("2025-11-04T12:00:00Z")

_IDS = ["c1", "o1", "é 1", "日本", "\U0001f600", "x" * 128, "a b"]
_TIMES = [
    "2025-11-04T09:00:00Z",
    "2025-11-04t09:00:02.5z",
    "2025-11-04T10:00:03.123456+01:00",
    "2025-11-04T08:59:57-00:00",
    "2025-11-01T00:00:00Z",
    "2025-10-05T02:15:00+11:00",
    "2025-11-05T12:00:00Z",
]
_LISTS = (
    facts.AnsweredBy,
    facts.Direction,
    facts.Outcome,
    facts.WarmHorizon,
    facts.AppointmentStatus,
    facts.Quality,
    facts.PresenceState,
)
_CHOICES = [choice for one in _LISTS for choice in get_args(one)] + [
    "Europe/Paris",
    "EUR",
    "CHF",
    "1250.00",
    "0",
    "0.10",
]
_TEXTS = st.one_of(st.sampled_from(_IDS + _TIMES + _CHOICES), st.text(max_size=4))

_WRONG = [
    "", " ", "a ", " a", "a|b", "@a", "x" * 129, "a\nb", "a\u200bb", "a\u00a0b", "EURO", "eur", "Mars/Olympus", "-1",
    "+1", "1e3", "1.1234567", "2025-11-04", "2025-11-04T09:00:00", "2025-11-04T09:00:00.1234567Z",
    "2025-11-04 09:00:00Z", "2025-11-04T09:00:60Z", "2025-02-30T09:00:00Z",
    "1899-12-31T23:59:59Z", "2025-11-06T09:00:00Z", "null", "true",
]  # fmt: skip
_TOKENS = [
    "null", "true", "false", "0", "1", "-1", "1.0", "-0", "-0.0", "1e0", "20.0000005", "0.0000015", "5e-07", "1e-400",
    "-1e-400", "1e999", "-1e999", "1e-99999999999999999999", "1e99999999999999999999", "2592000", "2592000.0000000001",
    "2592001", "0.00000050000000000000000000000000000001", "9" * 30, "-" + "9" * 30, "9" * 5000, "8796093022207",
    "18446744073710", "9223372036855", "9999999999999.5",
    "8796093022208", "1000000", "1000001", "{}", "[]", '{"a":[1,{"b":null}]}', "[" * 30 + "]" * 30, "[[]", "nul", "01",
    "1.", "+1", "NaN", "Infinity", '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\x"', '"\x01"', '"a', "",
]  # fmt: skip

_values = st.one_of(
    _TEXTS.map(json.dumps),
    _TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(_WRONG).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from(_TOKENS),
    st.integers(0, 1 << 44).map(str),
    st.decimals(0, 3_000_000, places=7).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)

_GOOD: dict[str, dict[str, Any]] = {
    "dialer.calls.v1": {"call_id": "c1", "started_at": _TIMES[0]},
    "dialer.conversations.v1": {"call_id": "c1", "call_started_at": _TIMES[0], "outcome": "refused"},
    "dialer.appointments.v1": {"appointment_id": "a1", "booked_at": _TIMES[0]},
    "dialer.sales.v1": {"sale_id": "s1", "appointment_id": "a1", "booked_at": _TIMES[0]},
    "dialer.presence.v1": {"since": _TIMES[0], "state": "paused"},
}


def _names(topic: str) -> list[str]:
    return [*FACT_TYPES[topic].__struct_fields__, "unknown", "Call_id"]


@st.composite
def records(draw: st.DrawFn) -> tuple[str, bytes]:
    """A topic and a value: a good fact with some fields put otherwise, left out or doubled, and some bytes mangled."""
    topic = draw(st.sampled_from(list(_GOOD)))
    good = {"operator_id": "o1", "campaign_id": "autumn", **_GOOD[topic]}
    fields = [(name, json.dumps(value)) for name, value in good.items()]
    fields += draw(st.lists(st.tuples(st.sampled_from(_names(topic)), _values), max_size=4))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        fields.pop(draw(st.integers(0, len(fields) - 1)))
    if draw(st.booleans()):
        fields = draw(st.permutations(fields))
    text = "{" + draw(st.sampled_from([",", " ,\n"])).join(f'"{name}": {value}' for name, value in fields) + "}"
    value = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 3]))):
        at = draw(st.integers(0, len(value) - 1))
        value[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b"", b"\xff", b"\x00", b'"', b"}", b"[", b"\\", b"9"])
        )
    return topic, bytes(value)


def _said(say: Any, *arguments: object) -> object:
    try:
        return say(*arguments)
    except Refusal as refusal:
        return refusal.reason, refusal.detail


@settings(max_examples=800, deadline=None)
@given(records())
def test_the_quick_way_and_the_thorough_judgement_say_the_same(record: tuple[str, bytes]) -> None:
    """Whatever a record holds, both give one statement or one refusal, and raise nothing else."""
    topic, value = record
    quick = _said(READER.read, topic, b"o1", value, RECORD_US)
    assert quick == _said(judge, topic, value, RECORD_US, BUILDER)
    if isinstance(quick, tuple):
        reason, detail = quick
        field = detail.partition(": ")[0]
        assert reason in Reason and field in {*_names(topic), "the value"}
    else:
        assert decode_run(encode_run([quick])) == [quick]


@pytest.mark.parametrize("topic", _GOOD)
def test_every_strange_value_of_every_field_is_judged_alike_by_both_ways(topic: str) -> None:
    """Each field of a good fact, put otherwise in each way that is known to be strange, gives one verdict."""
    tokens = [*_TOKENS, *(json.dumps(text, ensure_ascii=False) for text in _WRONG + _IDS + _TIMES + _CHOICES)]
    for name in _names(topic):
        good = {"operator_id": "o1", "campaign_id": "autumn", **_GOOD[topic]}
        if name == "call_id":
            good["call_started_at"] = _TIMES[1]
        good.pop(name, None)
        for token in tokens:
            value = f'{json.dumps(good)[:-1]}, "{name}": {token}}}'.encode("utf-8", "surrogatepass")
            quick = _said(READER.read, topic, b"o1", value, RECORD_US)
            assert quick == _said(judge, topic, value, RECORD_US, BUILDER), value[:400]


@pytest.mark.parametrize("topic", _GOOD)
def test_every_two_fields_together_are_judged_alike_by_both_ways(topic: str) -> None:
    """What two fields say of each other (halves, order, a machine that is abandoned) gives one verdict."""
    tokens = ["true", "-1", '"machine"', '"short"', '"EUR"', '"12"', '"2025-11-04T08:00:00Z"']
    good = {"operator_id": "o1", "campaign_id": "autumn", **_GOOD[topic]}
    for two in combinations(_names(topic), 2):
        rest = json.dumps({name: value for name, value in good.items() if name not in two})[:-1]
        for first, second in product(tokens, repeat=2):
            value = f'{rest}, "{two[0]}": {first}, "{two[1]}": {second}}}'.encode()
            quick = _said(READER.read, topic, b"o1", value, RECORD_US)
            assert quick == _said(judge, topic, value, RECORD_US, BUILDER), value


@given(st.sampled_from(list(_GOOD)), st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(topic: str, value: bytes) -> None:
    """No bytes make the reader fail otherwise than by a refusal as no JSON, or of what is missing."""
    said = _said(READER.read, topic, None, value, RECORD_US)
    assert isinstance(said, tuple) and said[0] in (Reason.NOT_JSON, Reason.MISSING_FIELD)


@pytest.mark.parametrize("topic", _GOOD)
def test_an_ordinary_fact_takes_the_quick_way(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The law above would be empty if everything went to the thorough judgement."""
    monkeypatch.setattr(processors.reading, "judge", None)
    value = {"operator_id": "o1", "campaign_id": "é", "site_id": "paris", "team_id": "t1", "version": 7, **_GOOD[topic]}
    statement = READER.read(topic, b"o1", json.dumps(value, ensure_ascii=False).encode(), RECORD_US)
    assert (statement.version, statement.part) == (7, ("paris", "t1", "é"))
