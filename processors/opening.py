"""The working hours of a site: whether its floor may dial at an instant, on its own clock.

What is said here is the calendar's word alone. That nobody calls in an open hour is for the counts to show.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from processors.hours import Clocks, hour_at
from processors.times import SECOND_US, from_datetime, to_datetime

DAY_MINUTES = 24 * 60
Stretch = tuple[int, int]
"""[from, to) in minutes of the local day; 1440 is its end."""

_FARTHEST_DAYS = 8


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """One week's stretches, Monday first, and the dates on which all is closed. Clocks are those of whoever asks."""

    week: tuple[tuple[Stretch, ...], ...]
    closed: frozenset[date] = field(default_factory=frozenset)

    def is_open(self, us: int, zone: ZoneInfo) -> bool:
        """Whether the local clock of the instant stands in a stretch; an hour that comes twice is open twice."""
        return self._stretch(_on_the_wall(us, zone)) is not None

    def closes_at(self, us: int, zone: ZoneInfo) -> int | None:
        """When what is open at the instant closes: ``us`` itself where it is closed, None where not within eight days.

        Stretches that touch, at midnight too, are one.
        """
        end_us, limit_us = us, us + _FARTHEST_DAYS * 86_400 * SECOND_US
        while (stretch := self._stretch(wall := _on_the_wall(end_us, zone))) is not None:
            if end_us > limit_us:
                return None
            end_us = _instant(wall, stretch[1], end_us, zone)
        return end_us

    def _stretch(self, wall: datetime) -> Stretch | None:
        if wall.date() in self.closed:
            return None
        minute = wall.hour * 60 + wall.minute
        return next((one for one in self.week[wall.weekday()] if one[0] <= minute < one[1]), None)


ALWAYS = OpeningHours((((0, DAY_MINUTES),),) * 7)
"""Open at every instant: what holds for a site without a calendar."""


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """The opening hours of every site, each on its own clock. ``default``: those of sites not named in ``sites``."""

    clocks: Clocks
    default: OpeningHours = ALWAYS
    sites: dict[str, OpeningHours] = field(default_factory=dict)

    def is_open(self, site_id: str | None, us: int) -> bool:
        """Whether the site's floor may dial at the instant."""
        return self._hours(site_id).is_open(us, self._zone(site_id))

    def closes_at(self, site_id: str | None, us: int) -> int | None:
        """When the site closes next; the instant itself where it is closed, None where it never does."""
        return self._hours(site_id).closes_at(us, self._zone(site_id))

    def utc_offset_us(self, site_id: str | None, us: int) -> int:
        """How far the site's clock is ahead of UTC at the instant."""
        return from_datetime(_on_the_wall(us, self._zone(site_id)).replace(tzinfo=UTC)) - us

    def _hours(self, site_id: str | None) -> OpeningHours:
        return self.default if site_id is None else self.sites.get(site_id, self.default)

    def _zone(self, site_id: str | None) -> ZoneInfo:
        return self.clocks.of(site_id).zone


def _on_the_wall(us: int, zone: ZoneInfo) -> datetime:
    return to_datetime(us).astimezone(zone)


def _instant(wall: datetime, minute: int, after_us: int, zone: ZoneInfo) -> int:
    """The instant after ``after_us`` at which the clock of the day of ``wall`` stands at ``minute``."""
    midnight = datetime(wall.year, wall.month, wall.day, tzinfo=zone)
    local = midnight + timedelta(minutes=minute)
    us = from_datetime(local.astimezone(UTC))
    if us <= after_us:
        us = from_datetime(local.replace(fold=1).astimezone(UTC))
    # A time that the clocks skip: the stretch ends where they skip it.
    is_skipped = _on_the_wall(us, zone).replace(tzinfo=None) != local.replace(tzinfo=None)
    return hour_at(us, zone).start_us if is_skipped else us
