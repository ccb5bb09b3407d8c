"""A supervisor's rows, from records written as a worker writes them."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from processors.hours import Hour
from processors.times import HOUR_US, MINUTE_US, parse_time
from streams.board.floor.held import HeldPeople
from streams.board.floor.rows import person
from streams.board.floor.shape import Person
from streams.board.windows import hours_of_today
from streams.roster import Entry
from tests.board_floor import Floor, Made

NOW = parse_time("2026-11-23T13:42:00Z")
HOUR = parse_time("2026-11-23T13:00:00Z")
PARIS = ZoneInfo("Europe/Paris")
TODAY = hours_of_today(NOW, PARIS)
YESTERDAY = HOUR - 24 * HOUR_US


def held_of(*made: Made, today: list[Hour] = TODAY) -> HeldPeople:
    """What a board would hold of these calls."""
    floor = Floor({}, default="Europe/Paris")
    floor.made = list(made)
    held = HeldPeople()
    for (owner, hour_us), record in floor.operator_hours().items():
        is_today = hour_us >= today[0].start_us
        held.take(hour_us, owner, msgspec.json.encode(record), is_today=is_today)
    return held


def row_of(*made: Made, campaign: str | None = None) -> Person | None:
    """The row of the first call's operator."""
    held, owner = held_of(*made), made[0].owner
    return person(owner, held.today.get(owner, {}), held.past.get(owner, {}), TODAY, campaign, 3, Entry())


def calls(count: int, at_us: int = HOUR, **more: object) -> list[Made]:
    """So many calls of one operator, a minute apart; every third a refusal of 60 s."""
    outcome = ("refused", None, None)
    return [Made("o1", at_us + n * MINUTE_US, outcome[n % 3], 60.0, **more) for n in range(count)]  # type: ignore[arg-type]


def test_the_hour_has_counts_and_the_day_has_rates() -> None:
    """The running hour is a part of the day; shares come with their interval."""
    row = row_of(*calls(6), *calls(9, HOUR - 2 * HOUR_US))
    assert row is not None
    assert (row.hour.calls, row.hour.conversations, row.hour.appointments) == (6, 2, 0)
    assert (row.calls, row.conversations) == (15, 5)
    rate = row.contact_rate
    assert (rate.numerator, rate.denominator, rate.too_few) == (5, 15, False)
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 5 / 15 < rate.high
    assert row.mean_conversation_seconds.value == 60
    assert row.appointments_per_conversation.too_few


def test_a_campaign_cuts_every_number_to_its_own() -> None:
    """Who did nothing for it today has no row."""
    made = [*calls(6), *calls(9, HOUR - HOUR_US, campaign="winter")]
    row = row_of(*made, campaign="winter")
    assert row is not None
    assert (row.hour.calls, row.calls, row.conversations) == (0, 9, 3)
    assert row_of(*made, campaign="spring") is None


def test_quality_reaches_back_over_the_hours_that_redis_keeps() -> None:
    """Verdicts come days after the call: those of yesterday stand beside those of today."""
    judged = Made("o1", YESTERDAY, "concluded_appointments", 60, extra=("judged", "forced"))
    other = Made("o1", YESTERDAY, "concluded_appointments", 60, extra=("judged",), campaign="winter")
    today = Made("o1", HOUR, "concluded_appointments", 60, extra=("judged", "irrelevant"))
    row, cut = row_of(today, judged, other), row_of(today, judged, other, campaign="autumn")
    assert row is not None
    assert cut is not None
    assert (row.forced_rate.numerator, row.forced_rate.denominator) == (2, 3)
    assert (cut.forced_rate.numerator, cut.forced_rate.denominator) == (2, 2)
    assert row.appointments == 1


def test_who_did_nothing_today_has_no_row() -> None:
    """Neither yesterday's work nor a record that was voided to zeros makes one."""
    assert row_of(*calls(9, YESTERDAY)) is None
    held = held_of(*calls(1))
    counts = held.today["o1"][HOUR].counts
    held.today["o1"][HOUR].counts = type(counts)()
    assert person("o1", held.today["o1"], {}, TODAY, None, None, Entry()) is None


@pytest.mark.parametrize(("minute", "slot"), [(0, "13:00"), (4, "13:00"), (41, "13:40")])
def test_the_last_activity_is_the_latest_five_minutes_with_something(minute: int, slot: str) -> None:
    """As exactly as records tell."""
    row = row_of(Made("o1", HOUR + minute * MINUTE_US), Made("o1", HOUR - HOUR_US))
    assert row is not None
    assert row.last_slot == f"2026-11-23T{slot}:00Z"


def test_the_team_is_that_of_the_latest_hour() -> None:
    """Who changes teams at noon stands in the afternoon's."""
    row = row_of(Made("o1", HOUR - HOUR_US, team="t1"), Made("o1", HOUR, team="t2"))
    assert row is not None
    assert row.team == "t2"


def test_only_what_changed_counts_as_changed() -> None:
    """The same bytes again, and bytes that are no record, leave the version as it was."""
    held = held_of(*calls(2))
    value = msgspec.json.encode(Floor({}, default="Europe/Paris").marker)
    version = held.versions["o1"]
    for (owner, hour_us), record in _records(*calls(2)).items():
        held.take(hour_us, owner, msgspec.json.encode(record), is_today=True)
        held.take(hour_us, owner, value, is_today=True)
        held.take(hour_us, owner, None, is_today=True)
    assert held.versions["o1"] == version
    for (owner, hour_us), record in _records(*calls(3)).items():
        held.take(hour_us, owner, msgspec.json.encode(record), is_today=True)
    assert held.versions["o1"] == version + 1
    assert held.today["o1"][HOUR].counts.calls == 3


def test_a_day_that_is_over_is_forgotten_and_may_come_back_as_past() -> None:
    """At midnight an hour changes rooms: it is read anew, for its verdicts alone."""
    held = held_of(*calls(2))
    held.keep(set(), {HOUR})
    assert not held.today
    for (owner, hour_us), record in _records(*calls(2)).items():
        held.take(hour_us, owner, msgspec.json.encode(record), is_today=False)
    assert held.past["o1"][HOUR].counts.judged == 0


def _records(*made: Made) -> dict[tuple[str, int], object]:
    floor = Floor({}, default="Europe/Paris")
    floor.made = list(made)
    return dict(floor.operator_hours())
