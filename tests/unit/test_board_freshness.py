"""A stopped pipeline never looks like a quiet floor."""

import pytest

from processors.owners import partition_of
from processors.times import MINUTE_US, SECOND_US, format_time, parse_time
from schemas.redis_keys import Heartbeat
from streams.board.assemble import assemble
from streams.board.freshness import freshness
from streams.board.holdings import Beat, Holdings
from tests.board_floor import Floor, Made, holdings_of

NOW = parse_time("2026-11-23T15:42:07Z")
OWNERS = {f"o{number}" for number in range(20)}


def held(silent: set[int] | None = None) -> Holdings:
    """Four partitions, of which some are silent."""
    return holdings_of(Floor({}), NOW, silent or set())


def test_all_partitions_alive_is_live_and_as_old_as_the_oldest_sign() -> None:
    """`updated` is the worst of the partitions, so nothing on the page is older."""
    holdings = held()
    holdings.beats[2] = Beat(NOW - 4 * SECOND_US, 7, None)
    fresh = freshness(holdings, OWNERS, NOW)
    assert (fresh.state, fresh.updated, fresh.since, fresh.lag) == (
        "live",
        format_time(NOW - 4 * SECOND_US),
        None,
        7,
    )


@pytest.mark.parametrize(("age_s", "state"), [(10, "live"), (11, "stale")])
def test_a_partition_is_silent_after_ten_seconds(age_s: int, state: str) -> None:
    """Ten seconds are allowed; more is trouble."""
    holdings = held()
    holdings.beats[1] = Beat(NOW - age_s * SECOND_US, 0, None)
    assert freshness(holdings, OWNERS, NOW).state == state


def test_the_affected_are_the_operators_whose_partition_is_silent() -> None:
    """Of twenty operators, those whose key murmur2 puts into the silent partition; campaigns are nobody."""
    fresh = freshness(held({3}), OWNERS | {"@autumn"}, NOW)
    expected = sum(partition_of(owner, 4) == 3 for owner in OWNERS)
    assert 0 < expected < 20
    assert (
        fresh.operators.affected,
        fresh.operators.known,
        fresh.partitions.silent,
    ) == (expected, 20, [3])
    assert fresh.since == format_time(NOW - MINUTE_US)


def test_a_partition_that_was_never_heard_is_stale_since_nobody_knows_when() -> None:
    """A board that starts after the workers have died cannot tell since when, and says so with null."""
    holdings = held()
    del holdings.beats[0]
    fresh = freshness(holdings, OWNERS, NOW)
    assert (fresh.state, fresh.since, fresh.partitions.silent) == ("stale", None, [0])


def test_redis_away_affects_everyone_since_it_last_answered() -> None:
    """Without Redis nothing is known of the workers, so Redis is the one cause."""
    holdings = held({1})
    holdings.read_us, holdings.lost_us = NOW - 30 * SECOND_US, NOW - 29 * SECOND_US
    fresh = freshness(holdings, OWNERS, NOW)
    assert (fresh.causes, fresh.operators.affected, fresh.since) == (
        ["redis"],
        20,
        format_time(NOW - 30 * SECOND_US),
    )


def test_no_marker_yet_is_waiting() -> None:
    """Nobody has ever written here: that is no failure."""
    assert freshness(Holdings("UTC"), set(), NOW).state == "waiting"


def test_a_worker_whose_clock_is_ahead_was_alive_when_it_was_read() -> None:
    """A heartbeat dated an hour ahead does not keep a dead worker alive for an hour."""
    ahead = format_time(NOW + 60 * MINUTE_US)
    beat = Beat.of(Heartbeat(worker="w", instance_id="i", at=ahead, last_flush=ahead, lag=0), NOW)
    assert beat.at_us == NOW


def test_the_wall_names_the_operators_of_the_running_and_the_previous_hour() -> None:
    """Who last called three hours ago is not counted among those whose numbers stand still."""
    floor = Floor({})
    floor.made = [
        Made("o1", NOW - MINUTE_US),
        Made("o2", NOW - 60 * MINUTE_US),
        Made("o3", NOW - 180 * MINUTE_US),
    ]
    wall = assemble(holdings_of(floor, NOW, range(4)), None, NOW)
    assert (wall.freshness.operators.affected, wall.freshness.operators.known) == (2, 2)


def test_a_wall_that_froze_two_hours_ago_shows_what_it_froze_at() -> None:
    """With every partition silent the windows end where the signs of life ended: no slow fall to zero."""
    floor = Floor({})
    floor.made = [Made("o1", NOW - 2 * MINUTE_US), Made("o2", NOW - 20 * MINUTE_US, "refused")]
    later = NOW + 120 * MINUTE_US
    frozen = assemble(holdings_of(floor, NOW), None, later)
    assert frozen.freshness.state == "stale"
    assert (frozen.now, frozen.as_of) == (format_time(later), format_time(NOW - SECOND_US))
    assert (frozen.rolling.calls, frozen.hour.calls, frozen.operators.active) == (2, 2, 1)
    assert (frozen.freshness.operators.affected, frozen.freshness.operators.known) == (2, 2)


def test_while_some_partitions_live_the_windows_go_on() -> None:
    """The figures of the others move, so the wall is of now, and says for how many it is not."""
    floor = Floor({})
    floor.made = [Made("o1", NOW - MINUTE_US)]
    wall = assemble(holdings_of(floor, NOW, {0, 1, 2}), None, NOW)
    assert wall.as_of == wall.now
