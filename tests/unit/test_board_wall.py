"""What the wall makes of the records: sums, rates, paces, sites and windows."""

from dataclasses import replace

import pytest

from processors.intervals import wilson
from processors.times import DAY_US, HOUR_US, MINUTE_US, format_time, parse_time
from streams.board.assemble import assemble
from streams.board.sums import ratio
from streams.board.wall import TOO_FEW
from tests.board_floor import Floor, Made, believable, holdings_of

NOW = parse_time("2026-11-23T15:42:07Z")
PARIS = {"lyon": "Europe/Paris"}


def paris(*made: Made, zones: dict[str, str] | None = None) -> Floor:
    """A floor in Paris with these calls."""
    floor = Floor(PARIS if zones is None else zones, default="Europe/Paris")
    floor.made = list(made)
    return floor


def test_sums_add_numerators_and_denominators() -> None:
    """A day's rate is the sum of conversations over the sum of calls, not the mean of the hours' rates."""
    many = [Made("o1", NOW - 3 * HOUR_US) for _ in range(90)]
    few = [Made("o1", NOW - HOUR_US, "refused") for _ in range(10)]
    today = assemble(holdings_of(paris(*many, *few), NOW), "lyon", NOW).today
    assert (today.calls, today.conversations) == (100, 10)
    assert today.appointment_rate.denominator == 100
    assert today.appointments_per_conversation.value == 0.0


def test_every_window_of_a_believable_floor_agrees_with_a_recount() -> None:
    """Rolling hour, running hour, day and strip are the made calls counted again by their instants."""
    made = believable("lyon", "Europe/Paris", NOW)
    wall = assemble(holdings_of(paris(*made), NOW), None, NOW)
    running = parse_time("2026-11-23T15:00:00Z")
    since = parse_time(wall.rolling.window.start)
    assert wall.rolling.calls == sum(call.at_us >= since for call in made)
    assert wall.rolling.conversations == sum(call.at_us >= since and call.outcome is not None for call in made)
    assert wall.hour.calls == sum(call.at_us >= running for call in made)
    assert wall.today.calls == len(made)
    assert sum(hour.calls for hour in wall.strip) == len(made)
    assert sum(row.today.numerator for row in wall.conclusions.rows) == wall.today.conversations
    assert wall.today.appointments == wall.kept.appointments == sum("appointments" in call.counts() for call in made)


def test_a_share_shows_its_wilson_interval() -> None:
    """101 of 412 is 24.5 %, between what Wilson's formula gives."""
    share = ratio(101, 412)
    low, high = wilson(101, 412)
    assert (share.value, share.low, share.high) == (
        round(101 / 412, 6),
        round(low, 6),
        round(high, 6),
    )
    assert not share.too_few


@pytest.mark.parametrize(
    ("numerator", "denominator", "few"),
    [(1, 8, True), (1, 9, True), (1, 10, False), (0, 0, True)],
)
def test_under_ten_cases_are_too_few_for_a_rate(numerator: int, denominator: int, few: bool) -> None:
    """The limit is ten cases of the denominator."""
    assert ratio(numerator, denominator).too_few is few
    assert TOO_FEW == 10


def test_without_cases_there_is_no_value_and_more_than_all_has_no_interval() -> None:
    """0 of 0 is null, never 0; two appointments of one conversation are no share of trials."""
    assert ratio(0, 0).value is None
    assert (ratio(12, 10).value, ratio(12, 10).low, ratio(12, 10).high) == (
        1.2,
        None,
        None,
    )


@pytest.mark.parametrize(("minute", "pace"), [(4, None), (5, 12 * 6.0), (30, 12.0)])
def test_the_pace_appears_after_five_minutes(minute: int, pace: float | None) -> None:
    """Six calls in the first minutes of an hour are a pace of six over what has passed of it."""
    start = parse_time("2026-11-23T15:00:00Z")
    made = [Made("o1", start + second * 1_000_000) for second in range(6)]
    wall = assemble(holdings_of(paris(*made), NOW), "lyon", start + minute * MINUTE_US)
    assert wall.hour.calls == 6
    assert wall.hour.calls_pace == pace


def test_today_begins_at_the_sites_own_midnight() -> None:
    """Half past midnight in Paris is yesterday in UTC and today on the wall."""
    now = parse_time("2026-11-23T01:30:00Z")
    made = [
        Made("o1", parse_time("2026-11-22T23:30:00Z")),
        Made("o1", parse_time("2026-11-22T22:30:00Z")),
    ]
    wall = assemble(holdings_of(paris(*made), now), "lyon", now)
    assert wall.today.calls == 1
    assert wall.today.window.start == "2026-11-22T23:00:00Z"
    assert wall.kept.window.start == "2026-11-22T22:00:00Z"


def test_the_cohort_leaves_out_older_hours_that_only_a_sale_brought_back() -> None:
    """An hour of three weeks ago is in Redis because a sale corrected it: it would flatter the rate."""
    won = ("honoured", "sales")
    recent = [Made("o1", NOW - HOUR_US, "concluded_appointments") for _ in range(11)]
    old = Made("o1", NOW - 21 * DAY_US, "concluded_appointments", extra=won)
    kept = assemble(holdings_of(paris(*recent, old), NOW), "lyon", NOW).kept
    assert (
        kept.sales_per_appointment.numerator,
        kept.sales_per_appointment.denominator,
        kept.pending,
    ) == (0, 11, 11)


def test_forced_and_irrelevant_are_over_the_judged_only() -> None:
    """Appointments without a verdict say nothing about pressure."""
    base = Made("o1", NOW - HOUR_US, "concluded_appointments")
    made = [replace(base, extra=extra) for extra in (("judged", "forced"), ("judged", "irrelevant"), ("judged",), ())]
    rate = assemble(holdings_of(paris(*made), NOW), "lyon", NOW).kept.forced_rate
    assert (rate.numerator, rate.denominator, rate.too_few) == (2, 3, True)


def test_operators_are_active_by_their_latest_two_slots() -> None:
    """Who called since the start of the last slot but one is active; an operator-less attempt is nobody."""
    start = parse_time("2026-11-23T15:35:00Z")
    made = [
        Made("o1", start),
        Made("o2", start - 1),
        Made("@autumn", start),
        Made("o3", NOW - MINUTE_US),
    ]
    wall = assemble(holdings_of(paris(*made), NOW), "lyon", NOW)
    assert (wall.operators.active, wall.operators.since) == (2, format_time(start))


def test_activity_reaches_across_the_turn_of_the_hour() -> None:
    """At two past, the calls of two to the hour still make an operator active."""
    now = parse_time("2026-11-23T16:02:00Z")
    wall = assemble(holdings_of(paris(Made("o1", now - 4 * MINUTE_US)), now), "lyon", now)
    assert wall.operators.active == 1


def test_one_site_is_shown_and_two_of_one_clock_are_summed() -> None:
    """Without a site named, sites that keep one clock add up."""
    zones = {"lyon": "Europe/Paris", "lille": "Europe/Paris"}
    one = assemble(holdings_of(paris(Made("o1", NOW - MINUTE_US)), NOW), None, NOW)
    made = (Made("o1", NOW - MINUTE_US), Made("o2", NOW - MINUTE_US, site="lille"))
    both = assemble(holdings_of(paris(*made, zones=zones), NOW), None, NOW)
    assert (one.site.id, one.rolling.calls) == ("lyon", 1)
    assert (both.site.id, both.site.sites, both.rolling.calls) == (
        None,
        ["lille", "lyon"],
        2,
    )


def test_sites_of_different_clocks_are_not_summed() -> None:
    """Their hours and days differ, so the first stands, and the page is told that it is one of two."""
    zones = {"lyon": "Europe/Paris", "pune": "Asia/Kolkata"}
    made = (Made("o1", NOW - MINUTE_US), Made("o2", NOW - MINUTE_US, site="pune"))
    holdings = holdings_of(paris(*made, zones=zones), NOW)
    first, second = assemble(holdings, None, NOW), assemble(holdings, "pune", NOW)
    assert (first.site.id, first.site.mixed_zones, first.rolling.calls) == (
        "lyon",
        True,
        1,
    )
    assert second.hour.window.start == "2026-11-23T15:30:00Z"
    assert second.site.time_zone == "Asia/Kolkata"


def test_a_fact_without_a_site_is_of_main_and_an_unknown_site_is_said() -> None:
    """`main` is the site of facts that name none; a site without records is no error."""
    holdings = holdings_of(paris(Made("o1", NOW - MINUTE_US, site=None)), NOW)
    assert assemble(holdings, None, NOW).site.id == "main"
    unknown = assemble(holdings, "nowhere", NOW)
    assert (unknown.site.known, unknown.rolling.calls) == (False, 0)


def test_the_repeated_hour_stands_twice_in_the_strip() -> None:
    """On the night of the autumn change both hours that read two o'clock have their own counts."""
    now = parse_time("2026-10-25T02:30:00Z")
    first, second = (
        parse_time("2026-10-25T00:10:00Z"),
        parse_time("2026-10-25T01:10:00Z"),
    )
    wall = assemble(
        holdings_of(paris(Made("o1", first), Made("o1", second), Made("o1", second)), now),
        "lyon",
        now,
    )
    assert [hour.calls for hour in wall.strip][-3:] == [1, 2, 0]


def test_hours_that_have_not_begun_are_left_out() -> None:
    """A fact dated into a later hour waits until that hour."""
    wall = assemble(
        holdings_of(paris(Made("o1", NOW + 2 * HOUR_US), Made("o1", NOW - MINUTE_US)), NOW),
        "lyon",
        NOW,
    )
    assert wall.today.calls == wall.kept.sales_per_appointment.denominator + 1 == 1


def test_nothing_at_all_is_an_empty_wall() -> None:
    """No marker and no record: zeros, nulls and the state `waiting`."""
    floor = paris()
    holdings = holdings_of(floor, NOW)
    holdings.marker = None
    wall = assemble(holdings, None, NOW)
    assert (
        wall.freshness.state,
        wall.latest_hour,
        wall.rolling.contact_rate.value,
    ) == ("waiting", None, None)
    assert all(hour.empty for hour in wall.strip)
