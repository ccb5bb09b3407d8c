"""When hours are final: the clock and every fact topic of the partition have passed its end and a grace."""

import msgspec
import pytest

from processors.owners import partition_of
from processors.times import parse_time
from schemas.facts import FACT_TYPES
from streams.ledgers.pages import FINAL_MARK
from streams.topology import PAGES_CHANGELOG
from tests.agents.floor import PARTITIONS, Fact, Floor, Told, call, running

OVER = "2026-11-23T14:15:00Z"
HOME = partition_of("o1", PARTITIONS)


def _marks(told: Told) -> list[tuple[int, int]]:
    """(partition, watermark) of the final marks that come after everything else."""
    found = []
    for out in told.after:
        found += [(out.partition, msgspec.msgpack.decode(value)) for key, value, _ in out.records if key == FINAL_MARK]
    return found


def _published() -> Floor:
    floor = running().fold(call("c1"))
    floor.drain()
    return floor


def test_an_hour_is_final_once_the_clock_has_passed_its_end_and_the_grace() -> None:
    """Not a microsecond before; then it is said once, and the mark follows the record."""
    floor = _published()
    floor.now = "2026-11-23T14:14:59.999999Z"
    assert not floor.has_news()
    floor.now = OVER
    told = floor.drain()
    assert told.pages["o1"].is_final and told.pages["o1"].revision == "0001-00000000000000000001-1"
    assert _marks(told) == [(HOME, parse_time(OVER))]
    assert told.first == [] and told.of(PAGES_CHANGELOG)[0][0] == FINAL_MARK
    floor.now = "2026-11-23T20:00:00Z"
    assert not floor.has_news()


def test_the_mark_is_written_after_the_records_it_is_about() -> None:
    """A mark before its records would keep a successor from saying them again."""
    floor = _published()
    floor.now = OVER
    told = floor.drain()
    assert not any(key == FINAL_MARK for out in told.together for key, _, _ in out.records)
    assert told.published() and _marks(told)


@pytest.mark.parametrize("topic", FACT_TYPES)
def test_an_hour_waits_for_every_fact_topic_of_its_partition(topic: str) -> None:
    """One topic that is behind holds it back, until its last record lies past the grace, or its end is reached."""
    floor = _published()
    floor.now = "2026-11-23T18:00:00Z"
    for last in (None, "2026-11-23T14:14:59.999Z"):
        floor.behind(topic, last)
        assert not floor.has_news()
    floor.behind(topic, OVER)
    told = floor.drain()
    assert told.pages["o1"].is_final
    assert _marks(told) == [(HOME, parse_time(OVER))]


def test_a_topic_read_to_its_end_holds_nothing_back() -> None:
    """A quiet topic, or one without any record, would else keep every hour open."""
    floor = _published()
    floor.now = OVER
    floor.behind("dialer.sales.v1", None)
    assert not floor.has_news()
    floor.at_end("dialer.sales.v1")
    assert floor.drain().pages["o1"].is_final


def test_partitions_are_final_each_by_itself() -> None:
    """A partition that is behind holds back its own pages only."""
    floor = running().fold(call("c1"), call("c2", operator="o2"))
    floor.drain()
    floor.now = OVER
    floor.behind("dialer.calls.v1", None, {HOME})
    assert set(floor.drain().pages) == {"o2"}
    floor.at_end("dialer.calls.v1")
    assert set(floor.drain().pages) == {"o1"}


def test_a_late_fact_into_a_final_hour_gives_a_record_that_is_final_too() -> None:
    """With a greater revision; no new mark, since no timer made it."""
    floor = _published()
    floor.now = OVER
    before = floor.drain().pages["o1"]
    told = floor.fold(call("c2")).drain()
    assert told.pages["o1"].is_final and told.pages["o1"].revision > before.revision
    assert told.pages["o1"].counts.calls == 2
    assert _marks(told) == []


def test_a_first_fact_into_an_hour_long_over_is_final_at_once() -> None:
    """A late page never waits for a timer that has gone off."""
    floor = _published()
    floor.now = OVER
    floor.drain()
    told = floor.fold(call("c9", operator="o2"), call("c9", "2026-11-23T12:10:00Z")).drain()
    by_key = told.published()
    assert by_key["o1|2026-11-23T12:00:00Z"].is_final
    assert not floor.has_news()


def test_pages_that_are_final_from_their_first_record_are_marked_with_it() -> None:
    """After a replay of old hours no successor says them all again, in one long flush."""
    floor = _published()
    floor.now = "2026-11-23T20:00:00Z"
    floor.drain()
    told = floor.fold(call("c9", "2026-11-23T12:10:00Z"), call("c9", "2026-11-23T18:10:00Z")).drain()
    assert all(record.is_final for record in told.published().values())
    assert _marks(told) == [(HOME, floor.now_us)]
    assert not floor.has_news() and not floor.successor().has_news()


def test_a_backlog_of_old_hours_is_final_when_it_is_read() -> None:
    """The watermark follows the last record's time while it catches up: hours become final in the order of the log."""
    floor = Floor(now="2026-11-23T20:00:00Z")
    floor.behind("dialer.calls.v1", "2026-11-23T13:59:00Z")
    floor.begin().fold(call("c1", at="2026-11-23T13:59:00Z"))
    assert not floor.drain().pages["o1"].is_final
    floor.behind("dialer.calls.v1", "2026-11-23T14:20:00Z")
    assert floor.drain().pages["o1"].is_final


def test_after_a_recovery_with_the_mark_nothing_is_said_again() -> None:
    """What the mark covers was acknowledged; a late fact is still judged final."""
    floor = _published()
    floor.now = OVER
    floor.drain()
    heir = floor.successor()
    assert not heir.has_news()
    assert heir.fold(call("c2")).drain().pages["o1"].is_final


def test_after_a_recovery_without_the_mark_final_records_are_said_again() -> None:
    """Their acknowledgement is not known: once more is harmless, never is not."""
    floor = _published()
    heir = floor.successor(now=OVER)
    told = heir.drain()
    assert told.pages["o1"].is_final and _marks(told) == [(HOME, parse_time(OVER))]


def test_a_mark_in_the_log_twice_or_out_of_order_counts_by_its_greatest() -> None:
    """A zombie's older mark among the rows takes nothing back."""
    floor = _published()
    for floor.now in (OVER, "2026-11-23T16:30:00Z"):
        if floor.has_news():
            floor.fold(call(f"c{floor.now}", "2026-11-23T15:01:00Z"))
            floor.drain()
    rows = floor.logs[PAGES_CHANGELOG, HOME]
    marks = [row for row in rows if row[0] == FINAL_MARK]
    floor.logs[PAGES_CHANGELOG, HOME] = [*rows, *marks[:1]]
    heir = floor.successor()
    greatest = max(msgspec.msgpack.decode(value or b"") for _, value, _ in marks)
    assert heir.pages.books[HOME].finality.watermark_us == greatest


def test_a_clock_that_steps_back_takes_nothing_back() -> None:
    """The watermark only rises: what was final stays final."""
    floor = _published()
    floor.now = OVER
    floor.drain()
    floor.now = "2026-11-23T14:00:00Z"
    assert floor.fold(call("c2")).drain().pages["o1"].is_final


SHORT = "2026-10-03T15:30:00Z"
"""An hour of sixty minutes in Kolkata, of thirty on Lord Howe, where the clocks then go forward."""
SITES = {"howe": "Australia/Lord_Howe", "pune": "Asia/Kolkata"}


def _at_short(site: str, call_id: str = "c1", minute: int = 40) -> Fact:
    return call(call_id, f"2026-10-03T15:{minute}:00Z", site_id=site)


def _final_at(floor: Floor, times: tuple[str, ...]) -> list[str]:
    """At which of these times the drain had news: final records, and nothing else."""
    found = []
    for time in times:
        floor.now = f"2026-10-03T{time}:00Z"
        told = floor.news()
        if told is not None:
            assert all(record.is_final for record in told.published().values()), "published for nothing"
            found.append(time)
    return found


TIMES = ("16:14", "16:15", "16:44", "16:45", "17:00")


@pytest.mark.parametrize(("site", "final"), [("howe", "16:15"), ("pune", "16:45")])
def test_a_short_hour_is_final_by_its_own_end(site: str, final: str) -> None:
    """Half an hour long where the clocks change, and final half an hour earlier."""
    floor = running(now="2026-10-03T15:50:00Z", sites=SITES).fold(_at_short(site))
    floor.drain()
    assert _final_at(floor, TIMES) == [final]


@pytest.mark.parametrize(("first", "latest", "final"), [("howe", "pune", "16:45"), ("pune", "howe", "16:15")])
def test_a_page_whose_latest_fact_moved_it_to_another_clock_is_final_by_that_one(
    first: str, latest: str, final: str
) -> None:
    """The record's hour end is the latest fact's: finality goes by what the record says, and is said once."""
    floor = running(now="2026-10-03T15:50:00Z", sites=SITES).fold(_at_short(first))
    floor.drain()
    floor.fold(_at_short(latest, "c2", 45))
    floor.drain()
    assert _final_at(floor, TIMES) == [final]


@pytest.mark.parametrize(("first", "latest", "final"), [("howe", "pune", "16:45"), ("pune", "howe", "16:15")])
def test_a_page_of_two_clocks_is_final_by_its_latest_after_a_recovery_too(first: str, latest: str, final: str) -> None:
    """Rows name no hour's end: the page is settled before it waits for one."""
    floor = running(now="2026-10-03T15:50:00Z", sites=SITES).fold(_at_short(first), _at_short(latest, "c2", 45))
    floor.drain()
    assert _final_at(floor.successor(sites=SITES), TIMES) == [final]


def test_a_page_of_two_clocks_waits_on_after_a_mark_that_covers_only_the_shorter() -> None:
    """A mark between the two ends leaves the page open, and its own end still makes it final."""
    floor = running(now="2026-10-03T15:50:00Z", sites=SITES)
    floor.fold(_at_short("howe"), _at_short("pune", "c2", 45), _at_short("howe", "c3", 35))
    floor.fold(call("c4", "2026-10-03T15:10:00Z", site_id=None))
    floor.drain()
    assert _final_at(floor, ("16:20",)) == ["16:20"]
    assert _final_at(floor.successor(sites=SITES), ("16:30", "16:45", "17:00")) == ["16:45"]
