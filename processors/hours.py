"""The hour of a site's local clock: the window of every table here.

An hour is the longest stretch of a site's local time with one date, one hour number and one offset. It is never longer
than sixty minutes; the hour that a clock change repeats is two hours, and a change by half an hour makes a short one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from processors.times import HOUR_US, SECOND_US, format_time, from_datetime, parse_time, to_datetime

SLOT_US = 300 * SECOND_US
"""Five minutes: the grain of the rolling windows on boards."""

_BUCKET_US = 900 * SECOND_US


class NoHour(ValueError):
    """A text names no hour of the zone, or two; says which."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: [start_us, end_us) in UTC microseconds, on the clock of ``zone`` (an IANA name)."""

    start_us: int
    end_us: int
    zone: str

    @property
    def hours(self) -> float:
        """Its length in hours: 1.0, or 0.5 where the clocks change by half an hour."""
        return (self.end_us - self.start_us) / HOUR_US

    @property
    def slots(self) -> int:
        """How many five-minute slots it has; a last shorter one counts."""
        return -(-(self.end_us - self.start_us) // SLOT_US)


def _offset_us(us: int, zone: ZoneInfo) -> int:
    offset = to_datetime(us).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _change_between(low_us: int, high_us: int, zone: ZoneInfo) -> int:
    """The first instant, to the second, in (low, high] at which the offset is no longer that of ``low``."""
    before = _offset_us(low_us, zone)
    while high_us - low_us > SECOND_US:
        middle = (low_us + high_us) // 2 // SECOND_US * SECOND_US
        if middle <= low_us:
            break
        if _offset_us(middle, zone) == before:
            low_us = middle
        else:
            high_us = middle
    return high_us


def hour_at(us: int, zone: ZoneInfo) -> Hour:
    """The hour of ``zone`` that holds the instant ``us``."""
    offset = _offset_us(us, zone)
    start = (us + offset) // HOUR_US * HOUR_US - offset
    end = start + HOUR_US
    if _offset_us(start, zone) != offset:
        start = _change_between(start, us // SECOND_US * SECOND_US, zone)
    if _offset_us(end - 1, zone) != offset:
        end = _change_between(us // SECOND_US * SECOND_US, end, zone)
    return Hour(start, end, zone.key)


class Clock:
    """The hours of one zone, remembered: facts of one moment share theirs."""

    __slots__ = ("_hours", "_known", "zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._known: dict[int, Hour] = {}
        self._hours: dict[int, Hour] = {}

    def hour(self, us: int) -> Hour:
        """The hour that holds the instant ``us``."""
        hour = self._known.get(us // _BUCKET_US)
        if hour is None or not hour.start_us <= us < hour.end_us:
            if len(self._known) > 100_000:
                self._known.clear()
                self._hours.clear()
            hour = hour_at(us, self.zone)
            # One object for each hour: the same one is known by its place.
            hour = self._known[us // _BUCKET_US] = self._hours.setdefault(hour.start_us, hour)
        return hour


class Clocks:
    """The zones of a system's sites: which clock a fact's ``site_id`` goes by.

    ``default``: the IANA zone of sites not named in ``sites`` and of facts without a site.
    """

    def __init__(self, default: str, sites: dict[str, str] | None = None) -> None:
        self._by_zone: dict[str, Clock] = {}
        self.default = self._clock(default)
        self._by_site = {site: self._clock(zone) for site, zone in (sites or {}).items()}

    def _clock(self, name: str) -> Clock:
        clock = self._by_zone.get(name)
        if clock is None:
            clock = self._by_zone[name] = Clock(ZoneInfo(name))
        return clock

    def of(self, site_id: str | None) -> Clock:
        """The clock of a site; the default one where none is set."""
        if site_id is None:
            return self.default
        return self._by_site.get(site_id, self.default)


def parse_hour(text: str, zone: ZoneInfo) -> Hour:
    """The hour that a person names: local ``2026-11-23T14``, or UTC ``2026-11-23T13:00:00Z``.

    Raises NoHour where the text is neither, where the local hour does not exist, and where the clocks make it two
    (both UTC answers are then named).
    """
    if text.endswith(("Z", "z")):
        return _utc_hour(text, zone)
    try:
        local = datetime.strptime(text, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        raise NoHour(f"{text!r} is no hour; write local 2026-11-23T14 or UTC 2026-11-23T13:00:00Z") from None
    found = _local_hours(local, zone)
    if not found:
        raise NoHour(f"{text} does not exist in {zone.key}: the clocks skip it")
    if len(found) > 1:
        both = " and ".join(format_time(hour.start_us) for hour in found)
        raise NoHour(f"{text} comes twice in {zone.key}; name one of {both}")
    return found[0]


def _utc_hour(text: str, zone: ZoneInfo) -> Hour:
    for pattern in (text, f"{text[:-1]}:00Z", f"{text[:-1]}:00:00Z"):
        try:
            us = parse_time(pattern)
        except ValueError:
            continue
        hour = hour_at(us, zone)
        if hour.start_us != us:
            raise NoHour(
                f"no hour of {zone.key} starts at {text}; the one that holds it is {format_time(hour.start_us)}"
            )
        return hour
    raise NoHour(f"{text!r} is no hour; write local 2026-11-23T14 or UTC 2026-11-23T13:00:00Z")


def _local_hours(local: datetime, zone: ZoneInfo) -> list[Hour]:
    """Every hour of ``zone`` with this date and hour number (those of ``local``, as if in UTC), in order."""
    around = from_datetime(local) - 15 * HOUR_US
    found: dict[int, Hour] = {}
    for step in range(4 * 30):
        hour = hour_at(around + step * _BUCKET_US, zone)
        begins = to_datetime(hour.start_us).astimezone(zone)
        if (begins.date(), begins.hour) == (local.date(), local.hour):
            found[hour.start_us] = hour
    return list(found.values())
