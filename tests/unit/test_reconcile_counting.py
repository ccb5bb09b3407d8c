"""The recount's own rules: what it counts, rejects and leaves to a copy; what it asks of the rejected topic."""

from dataclasses import dataclass, field

import msgspec
import pytest

from processors.hours import Clocks
from processors.owners import partition_of
from processors.times import DAY_US, parse_time
from schemas.rejections import Reason
from streams.recount.counting import FactCount, Source
from streams.recount.hours import Whole
from streams.recount.logs import Place, Run
from streams.recount.rejected import Rejected

CALLS = "dialer.calls.v1"
ARRIVED_MS = parse_time("2026-11-23T13:05:00Z") // 1000
HOME = partition_of("o1", 4)
AWAY = (HOME + 1) % 4


@dataclass
class Record:
    """What a consumer gives of a record."""

    offset: int
    key: bytes
    value: bytes
    timestamp: int = ARRIVED_MS
    headers: list[tuple[str, bytes]] = field(default_factory=list)


def call(offset: int, **fields: object) -> Record:
    value = {"call_id": "c1", "started_at": "2026-11-23T13:00:00Z", "operator_id": "o1", "campaign_id": "a", **fields}
    return Record(offset, b"o1", msgspec.json.encode(value))


def counted(*records: Record, partition: int = HOME) -> FactCount:
    facts = FactCount(Clocks("UTC"), 4)
    facts.take(Run(Place(CALLS, partition), list(records)))
    return facts


def test_of_two_statements_with_one_version_the_first_in_the_partition_stands() -> None:
    """The other is rejected as a conflict; a repetition of either is none of both again."""
    facts = counted(call(0), call(1, talk_seconds=9), call(2), call(3, talk_seconds=9, version=1))
    assert facts.results[CALLS] == {"accepted": 2, "rejected": 1, "duplicate": 1}
    assert {source.offset: one.reason for source, one in facts.rejections.items()} == {1: Reason.VERSION_CONFLICT}


def test_a_misplaced_record_counts_only_by_its_copy_and_a_lost_copy_is_told() -> None:
    """In another partition than its owner's a good record is no fact yet."""
    facts = counted(call(0), partition=AWAY)
    assert (facts.results[CALLS], facts.pages) == ({"misplaced": 1}, {})
    assert [str(source) for source, _ in facts.lost()] == [f"{CALLS}-{AWAY}@0"]
    facts.take(Run(Place(CALLS, HOME), [call(0)]))
    assert facts.lost() == []


def test_hours_are_whole_a_day_after_the_oldest_record_left() -> None:
    """While nothing has expired all are; where all has, none but those to come."""
    facts = counted(call(7))
    starts = {Place(CALLS, HOME): 0, Place(CALLS, AWAY): 0}
    assert facts.whole_from_us(starts, 0) is None
    assert facts.whole_from_us(starts | {Place(CALLS, HOME): 7}, 0) == ARRIVED_MS * 1000 + DAY_US
    now_us = ARRIVED_MS * 1000 + 5
    assert facts.whole_from_us(starts | {Place(CALLS, AWAY): 3}, now_us) == now_us + DAY_US


def rejection(source: Source, reason: str, record: Record) -> Record:
    texts = {"reason": reason, "topic": source.topic, "partition": str(source.partition), "offset": str(source.offset)}
    headers = [(name, text.encode()) for name, text in texts.items()]
    return Record(0, record.key, record.value, headers=headers)


@pytest.mark.parametrize(
    ("reason", "value", "fields"),
    [
        ("not_json", b"{", []),
        ("bad_value", b"{", ["reason"]),
        ("not_json", b"{ ", ["key and value"]),
    ],
)
def test_a_rejected_record_carries_its_reason_and_its_bytes(reason: str, value: bytes, fields: list[str]) -> None:
    """Key and value unchanged, and the very reason that the recount finds."""
    bad, source = Record(0, b"o1", b"{"), Source(CALLS, HOME, 0)
    facts, rejected = counted(bad), Rejected({})
    rejected.take(Run(Place("dialer.rejected.v1", HOME), [rejection(source, reason, Record(0, b"o1", value))]))
    found = rejected.findings(facts, Whole(), {Place(CALLS, HOME): 0}, {Place(CALLS, HOME): 1})
    assert [finding.difference.field for finding in found] == fields


def test_a_rejection_that_is_not_there_is_named() -> None:
    """Every record that the recount rejects is in the rejected topic at least once."""
    facts, rejected = counted(Record(0, b"o1", b"{")), Rejected({Place("dialer.rejected.v1", HOME): 0})
    [finding] = rejected.findings(facts, Whole(), {Place(CALLS, HOME): 0}, {Place(CALLS, HOME): 1})
    difference = finding.difference
    assert (difference.key, difference.have, difference.want) == (f"{CALLS}-{HOME}@0", "absent", "one for not_json")


def test_rejections_that_have_expired_are_not_missed() -> None:
    """Where the rejected topic has lost its beginning, older rejections cannot be asked for."""
    home = Place("dialer.rejected.v1", HOME)
    facts, rejected = counted(Record(0, b"o1", b"{")), Rejected({home: 5})
    assert list(rejected.findings(facts, Whole(), {Place(CALLS, HOME): 0}, {Place(CALLS, HOME): 1})) == []
