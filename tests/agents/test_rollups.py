"""Roll-ups: contributions in, campaign, team and site hours out."""

from streams.topology import CONTRIBUTIONS, ROLL_UPS, ROLL_UPS_CHANGELOG
from tests.agents.floor import ALL, HOUR, PREFIX, Floor, Told, call, conversation, running


def _rolled(floor: Floor, *facts) -> Told:
    """The roll-ups that these facts give."""
    return floor.roll(floor.fold(*facts).drain())


def test_a_roll_up_is_the_sum_of_its_owners_parts() -> None:
    """Each level adds up what its own parts have, over all owners."""
    told = _rolled(
        running(),
        call("c1", talk_seconds=30),
        call("c2", campaign_id="winter"),
        call("c3", operator="o2", team_id="t2", talk_seconds=40.5),
        call("c4", operator="o3", site_id=None, team_id=None),
    )
    assert told.roll_up("site", "lyon").counts.calls == 3
    assert told.roll_up("site", "lyon").talk_seconds == 70.5
    assert told.roll_up("site", "main").counts.calls == 1
    assert told.roll_up("team", "t1").counts.calls == 2
    assert told.roll_up("team", "t2").counts.conversations == 1
    assert told.roll_up("campaign", "autumn").counts.calls == 3
    assert told.roll_up("campaign", "winter").counts.calls == 1
    assert len(told.published(ROLL_UPS["team"])) == 2


def test_operators_are_people_who_contribute_something() -> None:
    """A campaign's own attempts and contributors of zeros are not counted."""
    floor = running()
    told = _rolled(floor, call("c1"), call("c2", operator="o2"), call("c3", operator=None))
    assert told.roll_up("campaign", "autumn").operators == 2
    assert told.roll_up("campaign", "autumn").counts.calls == 3
    told = _rolled(floor, call("c2", operator="o2", version=1, voided=True))
    assert told.roll_up("campaign", "autumn").operators == 1
    assert told.roll_up("campaign", "autumn").counts.calls == 2


def test_a_fact_that_moves_leaves_zeros_where_it_was() -> None:
    """The campaign, team and site that it left are written anew, without it."""
    floor = running()
    _rolled(floor, call("c1", talk_seconds=30))
    told = _rolled(floor, call("c1", version=1, campaign_id="winter", team_id="t2", site_id="nice", talk_seconds=30))
    for level, left, reached in (("campaign", "autumn", "winter"), ("team", "t1", "t2"), ("site", "lyon", "nice")):
        before, after = told.roll_up(level, left), told.roll_up(level, reached)
        assert (before.counts.calls, before.talk_seconds, before.operators, before.time_zone) == (0, 0, 0, None)
        assert (after.counts.calls, after.talk_seconds, after.operators) == (1, 30, 1)


def test_known_and_stale_contributions_change_nothing_but_are_told_again() -> None:
    """They may be the replay of contributions whose outputs were lost; no row is written for them."""
    floor = running()
    first = floor.fold(call("c1")).drain()
    floor.roll(first)
    second = floor.fold(call("c2")).drain()
    newest = floor.roll(second)
    for repeated in (second, first):
        again = floor.roll(repeated)
        assert again.published(ROLL_UPS["site"]) == newest.published(ROLL_UPS["site"])
        assert again.of(ROLL_UPS_CHANGELOG) == []
    assert floor.roll_ups.drain() is None


def test_rows_are_leased_and_keyed_by_owner_and_hour() -> None:
    """The changelog is compacted: per owner and hour the last row stays, which the lease makes the greatest."""
    floor = running()
    told = _rolled(floor, call("c1"), call("c2", operator=None))
    rows = told.of(ROLL_UPS_CHANGELOG)
    assert sorted(key or b"" for key, _, _ in rows) == [f"@autumn|{HOUR}".encode(), f"o1|{HOUR}".encode()]
    assert all(out.leased for out in told.outgoing)


def test_several_contributions_of_one_owner_leave_one_row_the_greatest() -> None:
    """What was taken within one flush is written once."""
    floor = running()
    first, second = floor.fold(call("c1")).drain(), floor.fold(call("c2")).drain()
    floor.contribute(out for told in (first, second) for out in told.together if out.topic == PREFIX + CONTRIBUTIONS)
    floor.contribute(out for out in first.together if out.topic == PREFIX + CONTRIBUTIONS)
    flush = floor.roll_ups.drain()
    assert flush is not None
    rows = [record for out in flush.together if out.topic == PREFIX + ROLL_UPS_CHANGELOG for record in out.records]
    assert rows == second.of(CONTRIBUTIONS)


def test_all_contributions_of_an_hour_lie_in_one_partition() -> None:
    """One agent sees a whole hour, whoever owns its pages; hours are spread."""
    floor = running(now="2026-11-24T13:30:00Z")
    facts = [call(f"{o}-{h}", f"2026-11-23T{h}:10:00Z", operator=f"o{o}") for o in range(12) for h in range(10, 22)]
    places: dict[bytes, set[int]] = {}
    for out in floor.fold(*facts).drain().together:
        for key, _, _ in out.records if out.topic == PREFIX + CONTRIBUTIONS else ():
            places.setdefault((key or b"").partition(b"|")[2], set()).add(out.partition)
    assert len(places) == 12
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len({min(partitions) for partitions in places.values()}) > 1


def test_where_zones_differ_a_roll_up_names_none_and_the_latest_end() -> None:
    """Thirty minutes on Lord Howe and sixty in Kolkata of one campaign: one hour to the later end."""
    sites = {"howe": "Australia/Lord_Howe", "pune": "Asia/Kolkata"}
    floor = running(now="2026-10-03T15:50:00Z", sites=sites)
    at, hour = "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z"
    told = _rolled(floor, call("c1", at, site_id="howe"))
    alone = told.roll_up("campaign", "autumn", hour)
    assert (alone.time_zone, alone.hour_end) == ("Australia/Lord_Howe", "2026-10-03T16:00:00Z")
    assert len(alone.slots.calls) == 6
    told = _rolled(floor, call("c2", at, operator="o2", site_id="pune"))
    both = told.roll_up("campaign", "autumn", hour)
    assert (both.time_zone, both.hour_end) == (None, "2026-10-03T16:30:00Z")
    assert both.slots.calls == [0, 0, 2] + [0] * 9
    assert told.roll_up("site", "pune", hour).time_zone == "Asia/Kolkata"
    told = _rolled(floor, call("c2", at, operator="o2", site_id="pune", version=1, voided=True))
    assert told.roll_up("campaign", "autumn", hour).time_zone == "Australia/Lord_Howe"


def test_a_roll_up_is_final_with_the_last_of_its_contributors() -> None:
    """One page in a partition that is behind keeps it open."""
    floor = running().fold(call("c1"), call("c2", operator="o2"))
    floor.roll(floor.drain())
    floor.now = "2026-11-23T14:15:00Z"
    [behind] = {place for place, book in floor.pages.books.items() if ("o1", _hour_us(floor)) in book.pages}
    floor.behind("dialer.calls.v1", None, {behind})
    assert not floor.roll(floor.drain()).roll_up("site", "lyon").is_final
    floor.at_end("dialer.calls.v1")
    assert floor.roll(floor.drain()).roll_up("site", "lyon").is_final


def _hour_us(floor: Floor) -> int:
    return next(hour_us for book in floor.pages.books.values() for _, hour_us in book.pages)


def test_roll_ups_are_restored_from_their_own_rows() -> None:
    """In any order and repeated; the next contribution goes on from there."""
    floor = running()
    _rolled(floor, call("c1"), call("c2", operator="o2", site_id="nice"))
    _rolled(floor, call("c3", talk_seconds=25), conversation("c1", "refused"))
    logs = {place: [*reversed(rows), *rows] for place, rows in floor.logs.items()}
    heir, fact = Floor(logs=logs).begin(), call("c4", operator="o3")
    assert {one.id: one.revision for one in heir.roll_ups.snapshots()} == {
        one.id: one.revision for one in floor.roll_ups.snapshots()
    }
    first, second = _rolled(floor, fact), _rolled(heir, fact)
    for topic in ROLL_UPS.values():
        assert second.published(topic) == first.published(topic)


def test_roll_ups_and_their_unwritten_rows_are_forgotten_together() -> None:
    """A partition that went to another worker leaves nothing to write."""
    floor = running()
    told = floor.fold(call("c1")).drain()
    floor.contribute(out for out in told.together if out.topic == PREFIX + CONTRIBUTIONS)
    assert floor.roll_ups.unflushed == 3
    floor.roll_ups.keep(frozenset())
    floor.roll_ups.recovered(ALL)
    assert floor.roll_ups.unflushed == 0
    assert floor.roll_ups.drain() is None
    assert list(floor.roll_ups.snapshots()) == []


def test_nulls_among_contributions_are_passed_over() -> None:
    """Tombstones, should a person have written any, take nothing away and stop nothing."""
    floor = running()
    told = floor.fold(call("c1")).drain()
    for out in told.together:
        out.records.append((b"o1|2026", None, ()))
    rolled = floor.roll(told)
    assert rolled.roll_up("site", "lyon").counts.calls == 1
