"""The stretches of time behind the wall's numbers, on clocks that change."""

import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.hours import SLOT_US, hour_at
from processors.times import HOUR_US, SECOND_US, format_time, parse_time, to_datetime
from schemas.kpis import Slots
from streams.board.windows import (
    hours_of_today,
    recent_hours,
    rolling_starts,
    slot_sums,
)

ZONES = (
    "Europe/Paris",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "UTC",
)
moments = st.integers(parse_time("2026-01-01T00:00:00Z"), parse_time("2027-12-31T00:00:00Z"))


def full(calls: int) -> Slots:
    """An hour with as many calls in each of its slots."""
    return Slots(300, [calls] * 12, [0] * 12, [0] * 12)


@given(moments, st.sampled_from(ZONES))
def test_the_ten_hours_of_the_strip_join_without_gap_and_end_with_the_running_one(now: int, zone: str) -> None:
    """Whatever the clocks do, the strip shows ten hours one after the other."""
    hours = recent_hours(now, ZoneInfo(zone))
    assert len(hours) == 10
    assert hours[-1].start_us <= now < hours[-1].end_us
    assert all(before.end_us == after.start_us for before, after in itertools.pairwise(hours))


@given(moments, st.sampled_from(ZONES))
def test_today_is_every_hour_of_the_present_date_and_no_other(now: int, zone: str) -> None:
    """The day begins with the first hour of the local date, also where a clock change makes it 23 or 25 hours long."""
    hours = hours_of_today(now, ZoneInfo(zone))
    dates = {to_datetime(hour.start_us).astimezone(ZoneInfo(zone)).date() for hour in hours}
    assert dates == {to_datetime(now).astimezone(ZoneInfo(zone)).date()}
    before = to_datetime(hours[0].start_us - 1).astimezone(ZoneInfo(zone)).date()
    assert before not in dates


def test_the_day_of_the_autumn_change_in_paris_has_twenty_five_hours() -> None:
    """The hour from two to three comes twice and is two hours."""
    hours = hours_of_today(parse_time("2026-10-25T22:59:00Z"), ZoneInfo("Europe/Paris"))
    assert len(hours) == 25
    twice = [to_datetime(hour.start_us).astimezone(ZoneInfo("Europe/Paris")).hour for hour in hours]
    assert twice.count(2) == 2


def test_the_change_by_half_an_hour_gives_the_strip_a_short_hour() -> None:
    """Lord Howe goes back thirty minutes at two: the half hour that comes twice stands apart."""
    hours = recent_hours(parse_time("2026-04-04T16:10:00Z"), ZoneInfo("Australia/Lord_Howe"))
    assert [(hour.end_us - hour.start_us) // (60 * SECOND_US) for hour in hours][-3:] == [60, 30, 60]


@given(moments)
def test_the_rolling_hour_is_twelve_slots_and_the_running_one_is_the_last(
    now: int,
) -> None:
    """It reaches back at least 55 and less than 60 minutes."""
    starts = rolling_starts(now)
    assert len(starts) == 12
    assert starts[-1] <= now < starts[-1] + SLOT_US
    assert all(after - before == SLOT_US for before, after in itertools.pairwise(starts))


@given(moments, st.sampled_from(ZONES))
def test_every_call_of_the_rolling_hour_is_counted_once(now: int, zone: str) -> None:
    """One call in each slot of every recent hour gives one in each rolling slot, in hours that begin anywhere."""
    hours = recent_hours(now, ZoneInfo(zone), 4)
    records = [
        (
            hour.start_us,
            Slots(300, [1] * hour.slots, [0] * hour.slots, [0] * hour.slots),
        )
        for hour in hours
    ]
    assert [slot.calls for slot in slot_sums(records, rolling_starts(now))] == [1] * 12


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-23T13:00:00Z", [3] * 11 + [5]),
        ("2026-11-23T13:59:59Z", [5] * 12),
        ("2026-11-23T13:04:59Z", [3] * 11 + [5]),
    ],
)
def test_the_rolling_hour_does_not_fall_to_zero_at_the_turn(now: str, expected: list[int]) -> None:
    """At the turn it still holds eleven slots of the hour before."""
    hour = parse_time("2026-11-23T13:00:00Z")
    records = [(hour - HOUR_US, full(3)), (hour, full(5))]
    assert [slot.calls for slot in slot_sums(records, rolling_starts(parse_time(now)))] == expected


def test_half_hour_zones_meet_the_same_slots() -> None:
    """An hour that starts at half past adds to the same five minutes as one that starts at the full hour."""
    now = parse_time("2026-11-23T13:42:00Z")
    kolkata = hour_at(now, ZoneInfo("Asia/Kolkata"))
    assert format_time(kolkata.start_us) == "2026-11-23T13:30:00Z"
    sums = slot_sums(
        [(kolkata.start_us, full(1)), (parse_time("2026-11-23T13:00:00Z"), full(10))],
        rolling_starts(now),
    )
    assert [slot.calls for slot in sums] == [0] * 3 + [10] * 6 + [11] * 3
