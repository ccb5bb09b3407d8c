"""The board's reading of a real Redis: what it finds, keeps, forgets, and survives."""

import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from redis import Redis

from processors.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from schemas.redis_keys import hour_key, marker_key, snapshot_key
from streams.board.assemble import assemble
from streams.board.holdings import Holdings
from streams.board.people import People
from streams.board.reader import Reader, connect
from streams.board.rounds import OLD_HOURS_EVERY_US, SETTLED_AFTER_US, WALK_EVERY_US, Rounds
from streams.board.server import clock_us
from tests.board_floor import Floor, Made

STRANGE = ("<img src=x onerror=alert(1)>", "a/b%2F", "Zoë · 東京")


class Clock:
    """The real time, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return clock_us() + self.ahead


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A plain client of the run's Redis."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    """The board's clock."""
    return Clock()


@pytest.fixture
async def rounds(redis_url: str, prefix: str, clock: Clock) -> AsyncIterator[Rounds]:
    """Rounds over an empty board."""
    reader = Reader(connect(redis_url), prefix)
    yield Rounds(reader, Holdings("UTC"), clock)
    await reader.redis.aclose()


def floor_of(*made: Made) -> Floor:
    """A floor of these calls in UTC."""
    floor = Floor({})
    floor.made = list(made)
    return floor


async def test_a_first_round_finds_sites_records_workers_and_people(redis: Redis, prefix: str, rounds: Rounds) -> None:
    """One walk and a few reads are enough to show everything, strange ids included."""
    now = clock_us()
    floor = floor_of(*(Made(f"o-{name}", now - MINUTE_US, "refused", 30, site=name) for name in STRANGE))
    floor.write(redis, prefix)
    floor.beat(redis, prefix, now)
    await rounds.turn()
    wall = assemble(rounds.holdings, None, now)
    assert wall.site.sites == sorted(STRANGE)
    assert (wall.rolling.calls, wall.rolling.conversations) == (3, 3)
    assert (wall.freshness.state, wall.freshness.operators.known) == ("live", 3)


async def test_a_hinted_key_is_read_at_once_and_an_unhinted_one_soon(
    redis: Redis, prefix: str, rounds: Rounds, clock: Clock
) -> None:
    """Hints bring older hours forward; without a hint they are read a few seconds later all the same."""
    now = clock_us()
    old = Made("o1", now - 5 * HOUR_US, "refused", 30)
    floor = floor_of(old, Made("o1", now - MINUTE_US))
    floor.write(redis, prefix)
    await rounds.turn()
    floor.made.append(old)
    floor.write(redis, prefix)
    hour = floor.hour("lyon", old.at_us).start_us
    await rounds.turn()
    assert rounds.holdings.sites["lyon"][hour].record.counts.calls == 1
    await rounds.turn([("site", "lyon", hour)])
    assert rounds.holdings.sites["lyon"][hour].record.counts.calls == 2
    floor.made.append(old)
    floor.write(redis, prefix)
    clock.ahead = OLD_HOURS_EVERY_US
    await rounds.turn()
    assert rounds.holdings.sites["lyon"][hour].record.counts.calls == 3


async def test_a_site_that_nobody_hinted_at_is_found_by_the_next_walk(
    redis: Redis, prefix: str, rounds: Rounds, clock: Clock
) -> None:
    """Nothing depends on the hints, a new site neither."""
    now = clock_us()
    floor = floor_of(Made("o1", now))
    floor.write(redis, prefix)
    await rounds.turn()
    floor.made.append(Made("o2", now, site="lille"))
    floor.write(redis, prefix)
    clock.ahead = WALK_EVERY_US
    await rounds.turn()
    assert sorted(rounds.holdings.sites) == ["lille", "lyon"]


async def test_a_record_that_expired_is_forgotten_once_all_is_quiet(
    redis: Redis, prefix: str, rounds: Rounds, clock: Clock
) -> None:
    """With the marker unchanged and every worker alive, what is gone from Redis is gone from the wall."""
    now = clock_us()
    floor = floor_of(Made("o1", now))
    floor.write(redis, prefix)
    floor.beat(redis, prefix, now)
    await rounds.turn()
    redis.delete(snapshot_key(prefix, "site", "lyon", floor.hour("lyon", now).start_us))
    await rounds.turn()
    assert list(rounds.holdings.sites) == ["lyon"]
    clock.ahead = SETTLED_AFTER_US
    await rounds.turn()
    assert rounds.holdings.sites == {}


async def test_a_redis_that_is_filled_again_never_shows_an_empty_floor(
    redis: Redis, prefix: str, rounds: Rounds, clock: Clock
) -> None:
    """Another marker and signs of life come before the records do: meanwhile the numbers stand."""
    now = clock_us()
    floor = floor_of(Made("o1", now))
    floor.write(redis, prefix)
    floor.beat(redis, prefix, now)
    await rounds.turn()
    clock.ahead = SETTLED_AFTER_US
    redis.delete(*redis.keys(f"{prefix}*"))
    redis.set(marker_key(prefix), msgspec.json.encode({**msgspec.to_builtins(floor.marker), "run": "another"}))
    floor.beat(redis, prefix, clock())
    await rounds.turn()
    wall = assemble(rounds.holdings, None, clock())
    assert (wall.today.calls, wall.freshness.state) == (1, "live")


async def test_an_emptied_redis_leaves_the_numbers_until_workers_are_back(
    redis: Redis, prefix: str, rounds: Rounds, clock: Clock
) -> None:
    """Redis that came back empty is no empty floor: the numbers stand, and are soon said to be frozen."""
    now = clock_us()
    floor = floor_of(Made("o1", now))
    floor.write(redis, prefix)
    floor.beat(redis, prefix, now)
    await rounds.turn()
    redis.delete(*redis.keys(f"{prefix}*"))
    clock.ahead = 12 * SECOND_US
    await rounds.turn()
    wall = assemble(rounds.holdings, None, clock())
    assert (wall.today.calls, wall.freshness.state) == (1, "stale")
    floor.write(redis, prefix)
    floor.beat(redis, prefix, clock())
    await rounds.turn()
    assert assemble(rounds.holdings, None, clock()).freshness.state == "live"


async def test_values_that_are_not_ours_are_passed_over(redis: Redis, prefix: str, rounds: Rounds) -> None:
    """A foreign value under one of our names neither stops the board nor shows."""
    now = clock_us()
    floor = floor_of(Made("o1", now))
    floor.write(redis, prefix)
    redis.set(
        snapshot_key(prefix, "site", "lille", floor.hour("lille", now).start_us),
        b"\xff not json",
    )
    redis.set(snapshot_key(prefix, "operator", "o9", floor.hour("lyon", now).start_us), b"[]")
    redis.sadd(hour_key(prefix, floor.hour("lyon", now).start_us), "o9")
    redis.set(f"{prefix}dialpulse:v1:heartbeat:0", b"{}")
    await rounds.turn()
    assert list(rounds.holdings.sites) == ["lyon"]
    assert rounds.holdings.lost_us is None


async def test_an_old_log_says_when_it_was_last_at_work(redis: Redis, prefix: str, rounds: Rounds) -> None:
    """Of hours long past only the latest of a site is read, and named."""
    now = clock_us()
    floor = floor_of(*(Made("o1", now - days * DAY_US) for days in range(20, 26)))
    floor.write(redis, prefix)
    await rounds.turn()
    assert len(rounds.holdings.sites["lyon"]) == 1
    wall = assemble(rounds.holdings, None, now)
    assert wall.today.calls == 0
    assert wall.latest_hour is not None


async def test_redis_away_is_noted_and_everything_is_read_again(prefix: str) -> None:
    """A Redis that refuses the connection is away since now; the board keeps on asking."""
    reader = Reader(connect("redis://127.0.0.1:1/0"), prefix)
    rounds = Rounds(reader, Holdings("UTC"), clock_us)
    began = time.monotonic()
    await rounds.turn()
    first = rounds.holdings.lost_us
    await rounds.turn()
    assert first is not None
    assert rounds.holdings.lost_us == first
    assert time.monotonic() - began < 5
    await reader.redis.aclose()


async def test_people_have_a_row_each_with_hour_rolling_and_day(redis: Redis, redis_url: str, prefix: str) -> None:
    """The terminal's rows: the running hour's counts, sixty minutes, and the day's rates by the site's clock."""
    now = (clock_us() // DAY_US) * DAY_US + 15 * HOUR_US + 20 * MINUTE_US
    made = [
        Made("o1", now - minutes * MINUTE_US, "refused" if minutes % 2 else None) for minutes in (1, 10, 31, 50, 130)
    ]
    floor = floor_of(*made, Made("@autumn", now))
    floor.write(redis, prefix)
    redis.delete(marker_key(prefix))
    reader = Reader(connect(redis_url), prefix)
    (row,) = await People(reader, Holdings("UTC"), lambda: now).read()
    await reader.redis.aclose()
    assert (row.operator, row.calls, row.rolling_calls, row.rolling_conversations) == (
        "o1",
        2,
        4,
        2,
    )
    assert (
        row.contact_rate.numerator,
        row.contact_rate.denominator,
        row.contact_rate.too_few,
    ) == (2, 5, True)
