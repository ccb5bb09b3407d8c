"""Records that do not count where they lie: rejected with their reason, or sent to their owner."""

import json
from dataclasses import replace

import msgspec
import pytest

from processors.fields import GREATEST_VALUE
from processors.owners import partition_of
from processors.times import parse_time
from schemas.rejections import Reason
from tests.agents.floor import NOW, PARTITIONS, PREFIX, Fact, Floor, Told, as_batch, call, conversation, running

CALLS, REJECTED = "dialer.calls.v1", "dialer.rejected.v1"
HOME = partition_of("o1", PARTITIONS)
ELSEWHERE = (HOME + 1) % PARTITIONS


def _rejected(told: Told) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
    return [(key, value, {name: text.decode() for name, text in headers}) for key, value, headers in told.of(REJECTED)]


def _moved(told: Told, topic: str = CALLS) -> list[tuple[int, bytes | None, bytes | None]]:
    return [
        (out.partition, key, value)
        for out in told.first
        if out.topic == PREFIX + topic
        for key, value, _ in out.records
    ]


def test_a_rejected_record_keeps_key_and_value_and_says_why_and_where() -> None:
    """Everything that its sender needs to mend it; the rest goes on."""
    floor = running().fold(call("c1"), Fact(CALLS, b"o1", b'{"call_id": 7}', HOME), call("c2"))
    told = floor.drain()
    [(key, value, headers)] = _rejected(told)
    assert (key, value) == (b"o1", b'{"call_id": 7}')
    detail = headers.pop("detail")
    assert headers == {"reason": "missing_field", "topic": CALLS, "partition": str(HOME), "offset": "1"}
    assert detail
    assert told.pages["o1"].counts.calls == 2
    assert floor.counter("dialpulse_rejected_total", CALLS, "missing_field") == 1
    assert floor.counter("dialpulse_facts_total", CALLS, "rejected") == 1


def test_a_value_that_breaks_off_is_not_read_on_into_what_follows_it() -> None:
    """After a record's value lie its headers: their number may look like a quote, and their bytes like JSON."""
    whole = msgspec.json.encode(
        {"call_id": "c1", "started_at": "2026-11-23T13:05:00Z", "operator_id": "o1", "campaign_id": "autumn"}
    )
    for headers in range(64):
        for size in (len(whole) - 1, len(whole) - 2, len(whole) - 8, 20, 2, 1):
            floor = running()
            rows = [(b"o1", whole[:size], parse_time(NOW) // 1000)]
            floor.pages.fold(as_batch(PREFIX + CALLS, HOME, rows, headers=[('"}', b'"}')] * headers))
            assert [value for _, value, _ in _rejected(floor.drain())] == [whole[:size]]


def test_what_is_absent_is_written_empty() -> None:
    """A record without a key or a value is rejected with empty ones: a null would be a tombstone."""
    told = running().fold(Fact(CALLS, None, None, 0), Fact(CALLS, b"o1", None, HOME)).drain()
    assert sorted((key, value) for key, value, _ in _rejected(told)) == [(b"", b""), (b"o1", b"")]


def test_a_rejected_record_goes_to_its_own_partition_with_its_offset() -> None:
    """Topic, partition and offset tell repeats apart: the same record read again gives the same three."""
    floor = running().fold(Fact(CALLS, b"x", b"[]", 2), Fact(CALLS, b"x", b"[]", 2), Fact(CALLS, b"x", b"[]", 3))
    told = floor.drain()
    assert [out.partition for out in told.first] == [2, 3]
    places = [(headers["partition"], headers["offset"]) for _, _, headers in _rejected(told)]
    assert places == [("2", "0"), ("2", "1"), ("3", "0")]


def test_a_conflict_is_rejected_as_it_came() -> None:
    """Same version, other content: the first stands."""
    other = call("c1", lead_id="another")
    floor = running().fold(call("c1"), other)
    told = floor.drain()
    [(key, value, headers)] = _rejected(told)
    assert (key, value) == (other.key, other.value)
    assert headers["reason"] == Reason.VERSION_CONFLICT and headers["offset"] == "1"
    assert "version" in headers["detail"]
    assert floor.counter("dialpulse_facts_total", CALLS, "rejected") == 1


def test_rejections_alone_are_news_to_drain_once() -> None:
    """No page is touched by them, yet they are written with the next drain, and only with that."""
    floor = running().fold(Fact(CALLS, b"o1", b"nonsense", HOME))
    told = floor.drain()
    assert told.together == [] and len(_rejected(told)) == 1
    assert not floor.has_news()


@pytest.mark.parametrize(
    ("key", "partition"), [(b"o1", ELSEWHERE), (b"another", HOME), (None, HOME), (b"x", ELSEWHERE)]
)
def test_a_record_under_another_key_or_in_another_partition_is_forwarded(key: bytes | None, partition: int) -> None:
    """It counts only by its copy, which lies under its owner's key in its owner's partition."""
    floor = running().fold(replace(call("c1"), key=key, partition=partition))
    told = floor.drain()
    [(home, new_key, value)] = _moved(told)
    assert (home, new_key) == (HOME, b"o1")
    assert told.published() == {}
    assert floor.counter("dialpulse_facts_total", CALLS, "forwarded") == 1
    assert floor.fold(Fact(CALLS, new_key, value, home)).drain().pages["o1"].counts.calls == 1


@pytest.mark.parametrize("stated", ["", ', "stated_at": null', ',"stated_at" :  null '])
def test_a_copy_states_its_records_time_where_none_was_stated(stated: str) -> None:
    """Lateness is then judged at its new place as it was here."""
    body = json.dumps(msgspec.json.decode(call("c1").value or b""))[:-1] + stated + " } \n"
    told = running().fold(Fact(CALLS, b"x", body.encode(), HOME, at="2026-11-23T13:20:00.123Z")).drain()
    [(_, _, value)] = _moved(told)
    assert value is not None and json.loads(value)["stated_at"] == "2026-11-23T13:20:00.123Z"


def test_a_copy_with_its_time_is_the_original_to_the_byte() -> None:
    """Unknown fields, their order, blanks and the texts of numbers are not ours to change."""
    body = b'{ "call_id":"c1", "started_at":"2026-11-23T13:10:00Z","operator_id" : "o1", "campaign_id":"autumn",'
    body += b' "talk_seconds": 1.50, "weight":1e400, "note":"\\u00e9", "big": 123456789012345678901234567890,'
    stated = body + b'"stated_at":"2026-11-23T13:11:00+00:00"}  '
    told = running().fold(Fact(CALLS, b"x", stated, HOME), Fact(CALLS, b"x", body + b'"more":{}}', HOME)).drain()
    [(_, _, first), (_, _, second)] = _moved(told)
    assert first == stated
    assert second == body + b'"more":{},"stated_at":"2026-11-23T13:30:00.000Z"}'


def test_a_copy_that_would_be_too_large_is_rejected_with_the_original() -> None:
    """With its time filled in it could not be taken at its new place; it is not lost between the two."""
    value = call("c1").value or b""
    padded = value[:-1] + b',"pad":"' + b"x" * (GREATEST_VALUE - len(value) - 10) + b'"}'
    assert GREATEST_VALUE - 10 < len(padded) <= GREATEST_VALUE
    floor = running().fold(Fact(CALLS, b"x", padded, HOME))
    told = floor.drain()
    [(key, kept, headers)] = _rejected(told)
    assert (key, kept, headers["reason"]) == (b"x", padded, "too_large")
    assert "stated_at" in headers["detail"]
    assert _moved(told) == []
    assert floor.counter("dialpulse_facts_total", CALLS, "forwarded") == 0


def test_a_bad_record_that_is_misplaced_too_is_rejected_where_it_lies() -> None:
    """A record is judged where it lies; only a good one is forwarded."""
    bad = call("c1", talk_seconds=-1)
    told = running().fold(replace(bad, key=b"x", partition=ELSEWHERE)).drain()
    [(_, _, headers)] = _rejected(told)
    assert (headers["reason"], headers["partition"]) == ("negative_duration", str(ELSEWHERE))
    assert _moved(told) == []


def test_a_misplaced_record_is_late_by_when_it_was_stated_not_forwarded() -> None:
    """Its first arrival was in time; the copy arrives days later and counts all the same."""
    floor = running().fold(replace(call("c1"), partition=ELSEWHERE))
    [(home, key, value)] = _moved(floor.drain())
    floor.now = "2026-11-28T13:30:00Z"
    told = floor.fold(Fact(CALLS, key, value, home)).drain()
    assert told.of(REJECTED) == [] and told.pages["o1"].counts.calls == 1


def test_copies_of_several_topics_go_each_to_its_own() -> None:
    """A conversation is forwarded among conversations."""
    told = running().fold(replace(call("c1"), key=b"x"), replace(conversation("c1", "refused"), key=b"x")).drain()
    assert len(_moved(told)) == len(_moved(told, "dialer.conversations.v1")) == 1
    assert told.published() == {}


def test_hostile_bytes_are_rejected_whatever_the_topic() -> None:
    """Each with a reason, and the next good fact counts."""
    floor: Floor = running()
    values = (b"\xff\xfe", b"", b"[" * 30_000, b'{"version":' + b"9" * 30 + b"}", b'{"x":"\\ud800"}', b"x" * (1 << 20))
    keys = (b"\xff", b"k" * (1 << 20))
    floor.fold(*(Fact(topic, key, value, 0) for topic in _TOPICS for value in values for key in keys), call("c1"))
    told = floor.drain()
    assert len(_rejected(told)) == len(values) * len(_TOPICS) * len(keys)
    assert {value for _, value, _ in _rejected(told)} == set(values)
    assert told.pages["o1"].counts.calls == 1


_TOPICS = (CALLS, "dialer.conversations.v1", "dialer.appointments.v1", "dialer.sales.v1", "dialer.presence.v1")
