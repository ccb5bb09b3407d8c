"""A new generation: every page is published anew, a slice at a time, and remembered once the last one is."""

import msgspec
import pytest

from processors.owners import partition_of
from streams.ledgers import pages
from streams.ledgers.pages import GENERATION_MARK
from streams.topology import CONTRIBUTIONS, PAGES_CHANGELOG
from tests.agents.floor import PARTITIONS, Floor, Told, call, running

HOME = partition_of("o1", PARTITIONS)


@pytest.fixture
def slices_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small slices, so that seven pages are several."""
    monkeypatch.setattr(pages, "MOST_PAGES", 2)


def _seven_hours() -> Floor:
    floor = running(now="2026-11-23T18:00:00Z")
    floor.fold(*(call(f"c{hour}", f"2026-11-23T{hour}:10:00Z") for hour in range(10, 17)))
    floor.drain()
    return floor


def _marks(told: Told) -> list[int]:
    return [
        msgspec.msgpack.decode(value or b"")
        for out in told.after
        if out.partition == HOME
        for key, value, _ in out.records
        if key == GENERATION_MARK
    ]


@pytest.mark.usefixtures("slices_of_two")
def test_every_page_is_published_anew_in_slices_and_the_mark_comes_with_the_last() -> None:
    """No flush is long, each page comes once, and a crash in between begins again: no mark, not done."""
    floor = _seven_hours()
    heir = floor.successor(generation=2)
    slices = []
    while told := heir.news():
        slices.append(told)
    assert [len(told.published()) for told in slices] == [2, 2, 2, 1]
    assert len({key for told in slices for key in told.published()}) == 7
    assert [_marks(told) for told in slices] == [[], [], [], [2]]
    assert all(record.revision.startswith("0002-") for told in slices for record in told.published().values())
    assert sum(len(told.of(CONTRIBUTIONS)) for told in slices) == 7
    assert not heir.successor(generation=2).has_news()


@pytest.mark.usefixtures("slices_of_two")
def test_a_crash_before_the_mark_begins_the_generation_again() -> None:
    """What was published is published again: its revision is the same."""
    heir = _seven_hours().successor(generation=2)
    first = heir.drain().published()
    again = heir.successor(generation=2)
    told = []
    while news := again.news():
        told.append(news)
    assert sum(len(one.published()) for one in told) == 7
    assert first.items() <= {key: record for one in told for key, record in one.published().items()}.items()


@pytest.mark.usefixtures("slices_of_two")
def test_pages_touched_meanwhile_are_published_too_and_once() -> None:
    """Live facts do not wait for the old pages, and a page that is both comes in one record."""
    heir = _seven_hours().successor(generation=2)
    heir.fold(call("new", "2026-11-23T17:10:00Z"), call("late", "2026-11-23T10:20:00Z"))
    first = heir.drain().published()
    assert {"o1|2026-11-23T17:00:00Z", "o1|2026-11-23T10:00:00Z"} <= set(first)
    assert first["o1|2026-11-23T10:00:00Z"].counts.calls == 2
    seen = list(first)
    while told := heir.news():
        seen += told.published()
    assert set(seen) == {f"o1|2026-11-23T{hour}:00:00Z" for hour in range(10, 18)}


def test_a_record_of_the_new_generation_outranks_any_of_the_old() -> None:
    """Compared as text, though its facts are the same."""
    floor = running().fold(*(call(f"c{number}", version=10**9) for number in range(3)))
    old = floor.drain().pages["o1"].revision
    new = floor.successor(generation=2).drain().pages["o1"].revision
    assert new > old and new[4:] == old[4:]


def test_the_same_generation_publishes_nothing_anew() -> None:
    """Recovery reads; only what a timer or a generation changes is told again."""
    assert not _seven_hours().successor().has_news()


def test_a_rebalance_in_the_middle_keeps_the_generation_going() -> None:
    """Recovered once more with the same pages, all of them are told, and the mark is written."""
    heir = _seven_hours().successor(generation=2)
    heir.pages.keep(frozenset({HOME}))
    heir.pages.recovered(frozenset({HOME}))
    told = heir.drain()
    assert len(told.published()) == 7 and _marks(told) == [2]
    assert [key for key, _, _ in told.of(PAGES_CHANGELOG)] == [GENERATION_MARK]
