"""The changelog of pages: rows that any successor may read in any order, and that live and die with their pages."""

import random

import pytest

from processors.owners import partition_of
from processors.statements import decode_run
from streams.errors import UserError
from streams.topology import CONTRIBUTIONS, OPERATOR_HOURS, PAGES_CHANGELOG, ROLL_UPS, ROLL_UPS_CHANGELOG
from tests.agents.floor import ALL, PARTITIONS, Floor, as_batch, call, contents, conversation, running

HOME = partition_of("o1", PARTITIONS)


def _busy() -> Floor:
    """A floor of several drains, with corrections, moves and duplicates."""
    floor = running()
    for step in range(4):
        facts = [call(f"c{number}", version=step, operator=f"o{number % 3}", site_id=None) for number in range(9)]
        floor.fold(*facts, *facts[:3], conversation(f"c{step}", "refused", version=step, campaign_id=f"autumn{step}"))
        floor.drain()
    return floor


def test_rows_are_runs_of_at_most_500_statements_without_a_key() -> None:
    """However many facts a flush holds, no row is large, and none is lost between two rows."""
    floor = running().fold(*(call(f"c{number}") for number in range(1201)))
    rows = floor.drain().of(PAGES_CHANGELOG)
    runs = [decode_run(value) for _, value, _ in rows if value is not None]
    assert [len(run) for run in runs] == [500, 500, 201]
    assert {key for key, _, _ in rows} == {None}
    assert len({statement.id for run in runs for statement in run}) == 1201


def test_only_what_was_accepted_is_written() -> None:
    """Duplicates, superseded versions and conflicts leave no row."""
    floor = running().fold(
        call("c1", version=1),
        call("c1", version=1),
        call("c1"),
        call("c1", version=1, lead_id="x"),
        call("c1", version=2),
    )
    [[_, value, _]] = floor.drain().of(PAGES_CHANGELOG)
    assert [statement.version for statement in decode_run(value or b"")] == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_rows_restored_in_any_order_and_repeated_give_the_same_pages(seed: int) -> None:
    """Recovery joins: order and repetition of rows do not matter."""
    floor, chance = _busy(), random.Random(seed)
    shuffled = {}
    for place, rows in floor.logs.items():
        mixed = rows + chance.choices(rows, k=len(rows))
        chance.shuffle(mixed)
        shuffled[place] = mixed
    restored = Floor(logs=shuffled).begin()
    assert contents(restored) == contents(floor)
    assert not restored.has_news()


def test_a_zombies_rows_among_the_new_owners_change_nothing() -> None:
    """A frozen worker wakes and writes rows of facts that its successor has already taken, and corrected."""
    zombie = running().fold(call("c1"), call("c2"))
    heir = zombie.successor().fold(call("c1"), call("c2"), call("c1", version=1), call("c3"))
    heir.drain()
    late = zombie.drain().of(PAGES_CHANGELOG)
    heir.logs["dialpulse.pages-changelog.v1", HOME] += [(key, value, 0) for key, value, _ in late]
    restored = heir.successor()
    assert contents(restored) == contents(heir)


def test_a_restored_worker_publishes_as_the_first_one_would_have() -> None:
    """The record depends on the facts alone, the moment of its writing apart."""
    first = _busy()
    heir = first.successor()
    fact = call("c77", version=5)
    assert heir.fold(fact).drain().pages == first.fold(fact).drain().pages


def test_a_replay_after_a_crash_writes_no_row_twice_and_publishes_again() -> None:
    """Rows acknowledged, offsets not: the facts come again, are known, and their page is told again."""
    floor = running().fold(call("c1"), call("c2"))
    before = floor.drain()
    told = floor.successor().fold(call("c1"), call("c2")).drain()
    assert told.of(PAGES_CHANGELOG) == []
    assert told.pages == before.pages


def test_nothing_of_a_partition_is_published_before_it_is_whole() -> None:
    """Neither by a drain, nor by the finality timer, nor for Redis: half a page would be a wrong number."""
    floor = Floor(logs=_busy().logs, now="2026-11-24T13:00:00Z")
    for ledger in (floor.pages, floor.roll_ups):
        ledger.keep(ALL)
    floor.restore()
    assert floor.pages.books[HOME].pages
    assert not floor.has_news()
    assert list(floor.pages.snapshots()) == []
    floor.pages.recovered(frozenset({HOME}))
    assert {record.owner for record in floor.drain().published().values()} == set(_owners(floor, HOME))
    assert {snapshot.id for snapshot in floor.pages.snapshots()} == set(_owners(floor, HOME))


def _owners(floor: Floor, partition: int) -> list[str]:
    return [owner for owner, _ in floor.pages.books[partition].pages]


def test_roll_ups_are_offered_to_redis_only_once_they_are_whole() -> None:
    """Half of the contributors would be a wrong sum, and an emptied Redis would show it."""
    floor = running().fold(call("c1"), call("c2", operator="o2"))
    floor.roll(floor.drain())
    heir = Floor(logs=floor.logs)
    heir.roll_ups.keep(ALL)
    heir.restore()
    assert list(heir.roll_ups.snapshots()) == []
    heir.roll_ups.recovered(ALL)
    assert {snapshot.level for snapshot in heir.roll_ups.snapshots()} == {"campaign", "team", "site"}


def test_of_two_contributions_with_one_revision_the_later_changes_nothing_and_stops_nothing() -> None:
    """A crash may leave two, each without what the other knew; the next one knows both."""
    floor = running()
    one, other = running().fold(call("c1", team_id="t1")), running().fold(call("c2", team_id="t2"))
    floor.roll(one.drain())
    told = floor.roll(other.drain())
    assert list(told.published(ROLL_UPS["team"])) == []
    assert told.roll_up("campaign", "autumn").counts.calls == 1
    both = floor.roll(other.fold(call("c1", team_id="t1")).drain())
    assert [both.roll_up("team", team).counts.calls for team in ("t1", "t2")] == [1, 1]


def test_an_unwritten_row_of_a_roll_up_gives_way_to_a_greater_one_that_another_worker_wrote() -> None:
    """The changelog keeps the last row of a key: a worker that froze and is back must not put its old one on top."""
    source = running().fold(call("c1"))
    sleeper, stood_in = running(), running()
    sleeper.contribute(out for out in source.drain().together if CONTRIBUTIONS in out.topic)
    stood_in.roll(source.fold(call("c2")).drain())
    sleeper.logs = stood_in.logs
    sleeper.begin()
    flush = sleeper.roll_ups.drain()
    assert flush is not None
    assert [out for out in flush.together if ROLL_UPS_CHANGELOG in out.topic] == []


def test_pages_and_their_unwritten_rows_are_forgotten_together() -> None:
    """A page kept without its rows would call the replay duplicates; rows kept without the page would be a zombie's."""
    floor = running().fold(call("c1"), call("c1", lead_id="x"), call("c2", operator="o2"))
    floor.pages.keep(ALL - {HOME})
    assert set(floor.pages.books) == ALL - {HOME}
    told = floor.drain()
    assert list(told.pages) == ["o2"]
    assert told.first == []
    floor.pages.recovered(frozenset({HOME}))
    floor.fold(call("c1"))
    again = floor.drain()
    assert [statement.id for statement in decode_run(again.of(PAGES_CHANGELOG)[0][1] or b"")] == ["c1"]
    assert again.pages["o1"].counts.calls == 1


def test_partitions_that_stay_keep_what_they_have() -> None:
    """A rebalance that takes nothing from a partition costs it nothing."""
    floor = running().fold(call("c1"))
    floor.pages.keep(frozenset({HOME}))
    assert floor.drain().pages["o1"].counts.calls == 1


def test_a_page_that_stayed_is_folded_anew_with_what_another_worker_wrote_meanwhile() -> None:
    """A worker that froze and is back reads only what is new: its numbers are those of a worker that reads it all."""
    sleeper = running().fold(call("c1"))
    sleeper.drain()
    stood_in = sleeper.successor().fold(call("c2", answered_by="human"), conversation("c1", "refused"))
    stood_in.drain()
    sleeper.logs = stood_in.logs
    sleeper.begin()
    fact = call("c3")
    told, wanted = sleeper.fold(fact).drain(), stood_in.successor().fold(fact).drain()
    assert told.pages == wanted.pages
    assert told.pages["o1"].counts.calls == 3
    assert told.of(CONTRIBUTIONS) == wanted.of(CONTRIBUTIONS)


def test_a_site_whose_zone_changed_is_refused_with_the_settings_name() -> None:
    """Its hours would be other keys: the worker says which settings, which site, and what to do."""
    floor = running(sites={"pune": "Asia/Kolkata"}).fold(call("c1", site_id="pune"))
    floor.drain()
    with pytest.raises(UserError) as refused:
        floor.successor(sites={})
    assert "DIALPULSE_SITE_TIME_ZONES" in str(refused.value) and "'pune'" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_changed_default_zone_is_refused_for_facts_without_a_site() -> None:
    """Facts that name no site go by the default zone, and it is named."""
    floor = running().fold(call("c1", site_id=None))
    floor.drain()
    with pytest.raises(UserError, match=r"DIALPULSE_TIME_ZONE.*without a site.*Asia/Kolkata"):
        floor.successor(zone="Asia/Kolkata")


def test_a_row_that_is_no_row_ends_the_recovery() -> None:
    """Going on with a hole in the state would be going on with wrong numbers, and starting again would not help."""
    with pytest.raises(UserError, match="another version of dialpulse"):
        Floor().pages.restore(as_batch("changelog", 0, [(None, b"\xff\xff", 0)]))


def test_snapshots_give_every_unexpired_page_latest_hours_first() -> None:
    """What Redis is filled with again: what it would still hold, as it was last published."""
    floor = running(now="2026-11-23T15:30:00Z")
    for hour in ("11", "15", "13"):
        floor.fold(call(f"c{hour}", f"2026-11-23T{hour}:05:00Z"))
    told = floor.drain()
    again = list(floor.pages.snapshots())
    assert sorted(again, key=str) == sorted(told.snapshots, key=str)
    starts = [snapshot.hour_start_us for snapshot in again]
    assert starts == sorted(starts, reverse=True)
    floor.now = "2026-11-26T15:30:00Z"
    assert list(floor.pages.snapshots()) == []
    assert len(told.of(OPERATOR_HOURS)) == 3
