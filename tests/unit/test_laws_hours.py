"""The laws of hours: they tile time on every clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.hours import Clock, Clocks, Hour, NoHour, hour_at, parse_hour
from processors.times import HOUR_US, MINUTE_US, format_time, from_datetime, parse_time
from schemas.redis_keys import hour_name, parse_hour_name

ZONES = [
    "Europe/Paris",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/New_York",
    "Asia/Kathmandu",
    "America/St_Johns",
    "UTC",
]
_CHANGES = [
    "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z",
    "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z", "1985-12-31T18:30:00Z", "2006-10-29T02:31:00Z",
]  # fmt: skip
_FIRST, _LAST = parse_time("1990-01-01T00:00:00Z"), parse_time("2040-01-01T00:00:00Z")
_instants = st.one_of(
    st.integers(_FIRST, _LAST),
    st.builds(lambda at, by: parse_time(at) + by, st.sampled_from(_CHANGES), st.integers(-3 * HOUR_US, 3 * HOUR_US)),
)
_zones = st.sampled_from(ZONES)


def _local(us: int, zone: str) -> tuple[object, ...]:
    """Date, hour number and offset on the zone's clock."""
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(ZoneInfo(zone))
    return moment.date(), moment.hour, moment.utcoffset()


@settings(max_examples=250)
@given(_instants, _zones)
def test_an_hour_is_the_longest_stretch_with_one_date_one_number_and_one_offset(us: int, zone: str) -> None:
    """It holds its instant, reads the same on the clock throughout, and differently just before and just after."""
    hour = hour_at(us, ZoneInfo(zone))
    assert hour.start_us <= us < hour.end_us <= hour.start_us + HOUR_US
    within = {_local(at, zone) for at in (hour.start_us, us, (hour.start_us + hour.end_us) // 2, hour.end_us - 1)}
    assert len(within) == 1
    assert not within & {_local(hour.start_us - 1, zone), _local(hour.end_us, zone)}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", _CHANGES)
def test_hours_tile_time_over_every_clock_change(zone: str, change: str) -> None:
    """Each hour begins where the one before it ends, over two days around a change, and none comes twice."""
    at_us = hour_at(parse_time(change) - 24 * HOUR_US, ZoneInfo(zone)).start_us
    hours: list[Hour] = []
    while at_us < parse_time(change) + 24 * HOUR_US:
        hours.append(hour_at(at_us, ZoneInfo(zone)))
        assert hours[-1].start_us == at_us < hours[-1].end_us
        at_us = hours[-1].end_us
    assert len({_local(hour.start_us, zone) for hour in hours}) == len(hours)


@pytest.mark.parametrize(
    ("zone", "change", "lengths"),
    [
        ("Europe/Paris", "2026-10-25T01:00:00Z", [60, 60]),
        ("Europe/Paris", "2026-03-29T01:00:00Z", [60, 60]),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", [60, 30]),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", [60, 30]),
        ("America/St_Johns", "2006-10-29T02:31:00Z", [1, 59]),
    ],
)
def test_only_a_change_that_is_no_whole_hour_from_hour_to_hour_makes_a_short_hour(
    zone: str, change: str, lengths: list[int]
) -> None:
    """The hours before and after a change, in minutes; the slots are as many as five minutes begin in them."""
    before, after = (hour_at(parse_time(change) + by, ZoneInfo(zone)) for by in (-1, 0))
    assert [before.end_us, after.start_us] == [parse_time(change)] * 2
    assert [round(hour.hours * 60) for hour in (before, after)] == lengths
    assert [hour.slots for hour in (before, after)] == [-(-length // 5) for length in lengths]


@settings(max_examples=100)
@given(st.lists(_instants, min_size=1, max_size=6), _zones)
def test_a_clock_that_remembers_gives_the_same_hours(instants: list[int], zone: str) -> None:
    """Remembered or worked out, the hour of an instant is the same, in whatever order they are asked for."""
    clock = Clock(ZoneInfo(zone))
    assert [clock.hour(us) for us in instants + instants] == [hour_at(us, ZoneInfo(zone)) for us in instants + instants]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", _CHANGES)
def test_a_clock_that_remembers_keeps_hours_apart_that_meet_within_minutes(zone: str, change: str) -> None:
    """Minute by minute over a change, at whatever minute the clocks change."""
    clock = Clock(ZoneInfo(zone))
    for minute in range(-20, 20):
        us = parse_time(change) + minute * 60_000_000
        assert clock.hour(us) == hour_at(us, ZoneInfo(zone))


@settings(max_examples=60, deadline=None)
@given(_instants, _zones)
def test_an_hour_is_found_by_its_local_name_or_is_one_of_two_that_are_named(us: int, zone: str) -> None:
    """Its UTC start always names it; its local text does too, unless the clocks make it two."""
    place = ZoneInfo(zone)
    hour = hour_at(us, place)
    assert parse_hour(format_time(hour.start_us), place) == hour
    date, number, _ = _local(us, zone)
    here = f"{date}T{number:02d}"
    twins = {
        at
        for by in range(-2 * HOUR_US, 2 * HOUR_US, MINUTE_US)  # a repeated stretch may be a minute long
        if _local(at := us + by, zone)[:2] == _local(us, zone)[:2]
    }
    if {hour_at(at, place) for at in twins} <= {hour}:
        assert parse_hour(here, place) == hour
    else:
        with pytest.raises(NoHour, match=f"comes twice .*{format_time(hour.start_us)}"):
            parse_hour(here, place)


@pytest.mark.parametrize(
    ("text", "zone", "says"),
    [
        ("2026-10-25T02", "Europe/Paris", "2026-10-25T00:00:00Z and 2026-10-25T01:00:00Z"),
        ("2026-04-05T01", "Australia/Lord_Howe", "2026-04-04T14:00:00Z and 2026-04-04T15:00:00Z"),
        ("2026-03-29T02", "Europe/Paris", "does not exist"),
        ("2026-11-23T13:00:00Z", "Asia/Kolkata", "the one that holds it is 2026-11-23T12:30:00Z"),
        ("2026-11-23", "UTC", "is no hour"),
        ("2026-11-23T13:15Z", "UTC", "the one that holds it is 2026-11-23T13:00:00Z"),
        ("tomorrow", "UTC", "is no hour"),
    ],
)
def test_what_names_no_hour_is_refused_with_what_to_write(text: str, zone: str, says: str) -> None:
    """Ambiguous and skipped hours, starts that are none and other texts each say what is the matter."""
    with pytest.raises(NoHour, match=says):
        parse_hour(text, ZoneInfo(zone))


def test_a_fact_goes_by_the_clock_of_its_own_site() -> None:
    """A site without a zone of its own, and a fact without a site, go by the default."""
    clocks = Clocks("UTC", {"pune": "Asia/Kolkata"})
    us = parse_time("2026-11-23T13:45:00Z")
    starts = [format_time(clocks.of(site).hour(us).start_us) for site in ("pune", "lyon", None)]
    assert starts == ["2026-11-23T13:30:00Z", "2026-11-23T13:00:00Z", "2026-11-23T13:00:00Z"]


def test_every_hour_of_every_zone_has_a_name_in_redis() -> None:
    """Keys have whole minutes; in the years that are taken, every zone counts in them."""
    for zone in sorted(available_timezones()):
        place = ZoneInfo(zone)
        for year in range(1972, 2041, 2):
            for month in (1, 7):
                hour = hour_at(from_datetime(datetime(year, month, 15, 12, 30, tzinfo=UTC)), place)
                assert parse_hour_name(hour_name(hour.start_us)) == hour.start_us
