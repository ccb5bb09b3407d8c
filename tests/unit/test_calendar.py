"""Working hours: open or closed at an instant, across clock changes, and the file that says so."""

from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from processors.hours import Clocks
from processors.opening import OpeningHours, SiteCalendar
from processors.rules import rule_named
from processors.times import HOUR_US, SECOND_US, parse_time
from streams.calendar import load_calendar, read_calendar
from streams.errors import UserError
from streams.settings import load_settings
from streams.sinks.prometheus import WorkerCollector
from streams.telemetry import Telemetry
from tests.deploy.compose import ROOT

FRANCE = ROOT / "deploy/calendars/france.yaml"
PARIS = Clocks("Europe/Paris")


@pytest.fixture(scope="module")
def france() -> SiteCalendar:
    """The shipped example on Paris' clock."""
    return read_calendar(yaml.safe_load(FRANCE.read_text()), PARIS)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23T09:59:59+01:00", False),
        ("2026-11-23T10:00:00+01:00", True),
        ("2026-11-23T12:59:59+01:00", True),
        ("2026-11-23T13:00:00+01:00", False),
        ("2026-11-23T14:00:00+01:00", True),
        ("2026-11-23T19:59:59+01:00", True),
        ("2026-11-23T20:00:00+01:00", False),
        ("2026-11-28T11:00:00+01:00", False),  # a Saturday
        ("2026-11-11T11:00:00+01:00", False),  # the armistice
        ("2026-07-15T10:00:00+02:00", True),  # summer time
        ("2026-03-27T10:00:00+01:00", True),  # the Friday before the clocks change
        ("2026-03-30T10:00:00+02:00", True),  # and the Monday after
        ("2026-03-30T09:59:59+02:00", False),
        ("2026-10-26T09:59:59+01:00", False),  # the Monday after they change back
        ("2026-10-26T10:00:00+01:00", True),
    ],
)
def test_france_dials_on_weekdays_from_ten_to_one_and_from_two_to_eight(
    france: SiteCalendar, local: str, is_open: bool
) -> None:
    """By the local clock, summer and winter, and never on a public holiday."""
    assert france.is_open("lyon", parse_time(local)) is is_open


def test_a_site_closes_at_the_end_of_its_stretch(france: SiteCalendar) -> None:
    """Lunch is a closing; a closed site closes at once."""
    assert france.closes_at(None, parse_time("2026-11-23T12:15:00+01:00")) == parse_time("2026-11-23T13:00:00+01:00")
    noon = parse_time("2026-11-23T13:30:00+01:00")
    assert france.closes_at(None, noon) == noon


def test_without_a_calendar_a_site_is_always_open_and_never_closes() -> None:
    """Nothing is silenced that nobody asked to silence."""
    always = SiteCalendar(PARIS)
    assert always.is_open("x", 0) and always.closes_at("x", 0) is None


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"),  # first 02:15 of the repeated hour
        ("2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"),  # and the second one
        ("2026-03-29T00:15:00Z", "2026-03-29T01:00:00Z"),  # 02:30 is skipped: the stretch ends where it is
    ],
)
def test_a_stretch_that_ends_in_a_clock_change_ends_on_the_wall(now: str, closes: str) -> None:
    """A repeated hour closes twice, a skipped closing time closes at the skip."""
    night = SiteCalendar(PARIS, OpeningHours((((0, 150),),) * 7))
    assert night.is_open(None, parse_time(now))
    assert night.closes_at(None, parse_time(now)) == parse_time(closes)
    assert not night.is_open(None, parse_time(closes)) or now == "2026-10-25T00:15:00Z"


def test_stretches_that_touch_at_midnight_are_one() -> None:
    """A night shift does not close at midnight."""
    night = SiteCalendar(PARIS, OpeningHours((((0, 360), (1320, 1440)),) * 7))
    assert night.closes_at(None, parse_time("2026-11-23T23:00:00+01:00")) == parse_time("2026-11-24T06:00:00+01:00")


def test_the_offset_is_that_of_the_sites_clock() -> None:
    """Rules compare it with last week's to find the same local hour."""
    calendar = SiteCalendar(Clocks("UTC", {"lyon": "Europe/Paris", "lord": "Australia/Lord_Howe"}))
    summer = parse_time("2026-07-01T12:00:00Z")
    assert [calendar.utc_offset_us(site, summer) / HOUR_US for site in (None, "lyon", "lord")] == [0, 2, 10.5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- 1", "the file takes names"),
        ("holidays: []", "'holidays'"),
        ("default: nowhere", "default is 'nowhere'"),
        ("sites: {lyon: x}", "sites.lyon is 'x'"),
        ("calendars: {a: {hours: {mondays: []}}}", "'mondays'"),
        ("calendars: {a: {hours: {monday: 10-12}}}", "calendars.a.hours.monday takes a list"),
        ("calendars: {a: {hours: {monday: [12:00-10:00]}}}", "'12:00-10:00'"),
        ("calendars: {a: {hours: {monday: [23:00-25:00]}}}", "'23:00-25:00'"),
        ("calendars: {a: {hours: {monday: [8:00-10:00, 9:00-11:00]}}}", "overlap"),
        ("calendars: {a: {closed: [christmas]}}", "calendars.a.closed takes a list of dates"),
        ("calendars: {a: [", "while parsing"),
    ],
)
def test_a_wrong_calendar_is_named_with_file_and_place(text: str, says: str, tmp_path: Path) -> None:
    """One line: the setting, the file, the place in it, and where to read on."""
    file = tmp_path / "hours.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_calendar(load_settings(calendar=str(file)))
    assert says in str(caught.value)
    assert f"DIALPULSE_CALENDAR={file}" in str(caught.value) and "\n" not in str(caught.value)


class Idle:
    """A worker with nothing behind."""

    def lag(self) -> dict[tuple[str, ...], int]:
        return {}

    def redis_behind_seconds(self) -> float:
        return 0.0


def scraped(calendar: SiteCalendar, now: str) -> CollectorRegistry:
    registry = CollectorRegistry()
    rule, now_us = rule_named("outcome"), parse_time(now)
    registry.register(
        WorkerCollector(Telemetry(lambda: None), {}, calendar.clocks, calendar, rule, Idle(), version="1",
                        by_operator=True, now_us=lambda: now_us)
    )  # fmt: skip
    return registry


def test_a_scrape_says_of_every_named_site_and_of_main_whether_it_may_dial() -> None:
    """Also before its first fact of the day, or rules could not tell a closed site from a new one."""
    text = {**yaml.safe_load(FRANCE.read_text()), "sites": {"lyon": "france"}, "default": "france"}
    calendar = read_calendar(text, Clocks("UTC", {"lyon": "Europe/Paris"}))
    shown = scraped(calendar, "2026-11-23T09:30:00Z")
    assert shown.get_sample_value("dialer_site_open", {"site": "lyon"}) == 1
    assert shown.get_sample_value("dialer_site_open", {"site": "main"}) == 0
    assert shown.get_sample_value("dialer_site_closes_in_seconds", {"site": "lyon"}) == 2.5 * HOUR_US / SECOND_US
    assert shown.get_sample_value("dialer_site_closes_in_seconds", {"site": "main"}) == 0
    assert shown.get_sample_value("dialer_site_utc_offset_seconds", {"site": "lyon"}) == 3600


def test_a_site_that_never_closes_has_no_time_of_closing() -> None:
    """An absent series rather than a number that means never."""
    shown = scraped(SiteCalendar(PARIS), "2026-11-23T09:30:00Z")
    assert shown.get_sample_value("dialer_site_open", {"site": "main"}) == 1
    assert shown.get_sample_value("dialer_site_closes_in_seconds", {"site": "main"}) is None
