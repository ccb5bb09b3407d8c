"""The file of working hours: which site may dial when, and on which dates nobody works."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from processors.hours import Clocks
from processors.opening import ALWAYS, DAY_MINUTES, OpeningHours, SiteCalendar, Stretch
from streams.errors import UserError
from streams.settings import Settings, env_name

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_STRETCH = re.compile(r"(\d\d?):(\d\d)-(\d\d?):(\d\d)")


class WrongCalendar(ValueError):
    """The file says something that no calendar means; the text names the place."""


def load_calendar(settings: Settings) -> SiteCalendar:
    """The calendar that the settings name; without one every site is always open. UserError names what is wrong."""
    clocks = Clocks(settings.time_zone, settings.site_time_zones)
    if settings.calendar is None:
        return SiteCalendar(clocks)
    try:
        return read_calendar(yaml.safe_load(Path(settings.calendar).read_text(encoding="utf-8")), clocks)
    except yaml.YAMLError as error:
        what = " ".join(str(error).split())
    except (OSError, UnicodeDecodeError, WrongCalendar) as error:
        what = str(error)
    raise UserError(f"{env_name('calendar')}={settings.calendar}: {what}; docs/calendar.md shows how to write it")


def read_calendar(said: object, clocks: Clocks) -> SiteCalendar:
    """A calendar from what a file says: `calendars` by name, `sites` that follow one, and the `default` one's name.

    Raises WrongCalendar.
    """
    top = _map(said, "the file", {"calendars", "sites", "default"})
    named = {name: _hours(one, f"calendars.{name}") for name, one in _map(top.get("calendars"), "calendars").items()}

    def follows(name: object, where: str) -> OpeningHours:
        if name not in named:
            raise WrongCalendar(f"{where} is {name!r}, and calendars has only {', '.join(map(str, named)) or 'none'}")
        return named[str(name)]

    sites = {str(site): follows(name, f"sites.{site}") for site, name in _map(top.get("sites"), "sites").items()}
    default = follows(top["default"], "default") if "default" in top else ALWAYS
    return SiteCalendar(clocks, default, sites)


def _hours(said: object, where: str) -> OpeningHours:
    one = _map(said, where, {"hours", "closed"})
    hours = _map(one.get("hours"), f"{where}.hours", set(DAYS))
    week = tuple(_day(hours.get(day, []), f"{where}.hours.{day}") for day in DAYS)
    closed = one.get("closed") or []
    if not isinstance(closed, list) or not all(type(day) is date for day in closed):
        raise WrongCalendar(f"{where}.closed takes a list of dates such as 2026-12-25")
    return OpeningHours(week, frozenset(closed))


def _day(said: object, where: str) -> tuple[Stretch, ...]:
    if not isinstance(said, list):
        raise WrongCalendar(f"{where} takes a list such as [10:00-13:00, 14:00-20:00]")
    stretches = tuple(sorted(_stretch(text, where) for text in said))
    if any(after[0] < before[1] for before, after in pairwise(stretches)):
        raise WrongCalendar(f"{where} has stretches that overlap")
    return stretches


def _stretch(text: object, where: str) -> Stretch:
    found = _STRETCH.fullmatch(text) if isinstance(text, str) else None
    if found is not None:
        hour, minute, to_hour, to_minute = map(int, found.groups())
        begins, ends = hour * 60 + minute, to_hour * 60 + to_minute
        if minute < 60 and to_minute < 60 and begins < ends <= DAY_MINUTES:
            return begins, ends
    raise WrongCalendar(f"{where} has {text!r}: a stretch is written 10:00-13:00, within one day")


def _map(said: object, where: str, known: set[str] | None = None) -> dict[Any, Any]:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise WrongCalendar(f"{where} takes names with values")
    if known is not None and (unknown := set(map(str, said)) - known):
        raise WrongCalendar(f"{where} has {min(unknown)!r}; it takes {', '.join(sorted(known))}")
    return said
