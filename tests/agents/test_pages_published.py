"""What a drain publishes: every touched page, in the right order, and nothing for nothing."""

from processors.owners import partition_of
from processors.times import SECOND_US, parse_time
from schemas.facts import FACT_TYPES
from streams.topology import CONTRIBUTIONS, OPERATOR_HOURS, PAGES_CHANGELOG
from tests.agents.floor import ALL, HOUR, PARTITIONS, PREFIX, Floor, call, conversation, running


def test_every_touched_page_is_published_with_the_next_drain() -> None:
    """A record per page, under its key, in its owner's partition, and a contribution beside it."""
    floor = running().fold(call("c1"), call("c2", operator="o2"), call("c3", operator=None))
    told = floor.drain()
    assert set(told.published()) == {f"o1|{HOUR}", f"o2|{HOUR}", f"@autumn|{HOUR}"}
    assert sorted(key for key, _, _ in told.of(CONTRIBUTIONS)) == sorted(key.encode() for key in told.published())
    for out in told.together:
        if out.topic == PREFIX + OPERATOR_HOURS:
            owners = [key.decode().partition("|")[0] for key, _, _ in out.records if key]
            assert {partition_of(owner, PARTITIONS) for owner in owners} == {out.partition}


def test_a_page_that_many_facts_touched_is_published_once() -> None:
    """One drain gives one record of a page, with all of its facts in it."""
    floor = running().fold(*(call(f"c{number}") for number in range(20)), conversation("c1", "callback"))
    told = floor.drain()
    [record] = told.published().values()
    assert (record.counts.calls, record.counts.conversations, record.counts.callbacks) == (20, 1, 1)
    assert len(told.of(CONTRIBUTIONS)) == 1


def test_a_page_that_only_known_facts_touched_is_published_again() -> None:
    """It may be the replay of facts whose rows were written while their outputs were not; nothing else is written."""
    floor = running().fold(call("c1", version=2))
    before = floor.drain()
    floor.fold(call("c1", version=2), call("c1", version=1))
    again = floor.drain()
    assert again.pages["o1"] == before.pages["o1"]
    assert again.of(PAGES_CHANGELOG) == []


def test_a_conflict_publishes_the_page_as_it_stands() -> None:
    """The first of two contents stands, and the page that was asked is told again."""
    floor = running().fold(call("c1"))
    before = floor.drain()
    floor.fold(call("c1", lead_id="another"))
    assert floor.drain().pages == before.pages


def test_a_drain_without_news_gives_nothing() -> None:
    """Nothing is published twice for nothing: not at once, and not as time goes by before the hour's end."""
    floor = running().fold(call("c1"))
    floor.drain()
    assert not floor.has_news()
    floor.now = "2026-11-23T13:59:00Z"
    assert not floor.has_news()
    assert floor.pages.unflushed == 0


def test_a_worker_without_facts_writes_the_generation_and_then_nothing() -> None:
    """The first drain remembers, partition by partition, that the generation began; it publishes no record."""
    floor = Floor().begin()
    told = floor.drain()
    assert not told.first and not told.together
    assert {(out.topic, out.partition) for out in told.after} == {(PREFIX + PAGES_CHANGELOG, place) for place in ALL}
    assert not floor.has_news()


def test_outputs_are_leased_and_all_else_is_not() -> None:
    """What is compacted carries the proof of membership as its time; logs and misfits carry the time of the flush."""
    floor = running().fold(call("c1"), call("c1", lead_id="another"), call("c9", operator="o2"))
    stray = call("c8", operator="o3")
    floor.fold(type(stray)(stray.topic, b"wrong", stray.value, stray.partition))
    told = floor.drain()
    leases = {(out.topic.removeprefix(PREFIX), out.leased) for out in told.outgoing}
    assert leases == {
        (OPERATOR_HOURS, True),
        (CONTRIBUTIONS, True),
        (PAGES_CHANGELOG, False),
        ("dialer.rejected.v1", False),
        ("dialer.calls.v1", False),
    }
    rolled = floor.roll(told)
    assert {out.leased for out in rolled.outgoing} == {True}


def test_misfits_come_before_all_else_and_redis_after_the_acknowledgement() -> None:
    """A crash between loses no rejection, and Redis never holds what the KPI topic does not."""
    floor = running().fold(call("c1"), call("c1", lead_id="another"))
    told = floor.drain()
    assert [out.topic for out in told.first] == [PREFIX + "dialer.rejected.v1"]
    assert {out.topic for out in told.together} == {
        PREFIX + t for t in (PAGES_CHANGELOG, CONTRIBUTIONS, OPERATOR_HOURS)
    }
    [snapshot] = told.snapshots
    assert [snapshot.value] == [value for _, value, _ in told.of(OPERATOR_HOURS)]


def test_a_snapshot_leaves_redis_48_hours_after_the_later_of_hour_and_writing() -> None:
    """An hour in progress by its end, an old one by the moment its record was written."""
    floor = running().fold(call("c1"))
    [present] = floor.drain().snapshots
    floor.now = "2026-11-25T10:00:00Z"
    floor.fold(call("c2", at="2026-11-24T10:00:00Z"))
    [late] = floor.drain().snapshots
    assert present.expires_at == parse_time("2026-11-25T14:00:00Z") // SECOND_US
    assert late.expires_at == parse_time("2026-11-27T10:00:00Z") // SECOND_US


def test_every_fact_topic_is_read_by_its_real_name() -> None:
    """Five topics, in the contract's order, with the prefix before each."""
    assert Floor().pages.fact_topics == tuple(PREFIX + topic for topic in FACT_TYPES)
