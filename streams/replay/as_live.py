"""Moves a log by whole days, so that its last day is today.

Every time of a fact moves by as much as its hour-deciding time does when its site's clock keeps the time of day: so
nine o'clock stays nine o'clock across a clock change, and all facts of one call stay together.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from processors.times import DAY_US, format_time, from_datetime, parse_time, to_datetime
from streams.replay.entries import Entry
from streams.replay.rows import TIME_FIELDS

ZoneOf = Callable[[str | None], ZoneInfo]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def days_to_today(entries: Iterable[Entry], zone_of: ZoneOf, now_us: int) -> int:
    """By how many days the log moves; 0 where nothing in it has a time."""
    timed = [entry for entry in entries if entry.at_us is not None]
    if not timed:
        return 0
    last = max(timed, key=lambda entry: entry.at_us or 0)
    zone = zone_of(last.site_id)
    return (_local(now_us, zone).date() - _local(last.at_us or 0, zone).date()).days


def moved_by(entry: Entry, days: int, zone_of: ZoneOf) -> int:
    """Microseconds by which this entry's times move."""
    if entry.at_us is None:
        return days * DAY_US
    zone = zone_of(entry.site_id)
    moved = (_local(entry.at_us, zone).replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=zone)
    return from_datetime(moved.astimezone(UTC)) - entry.at_us


def moved_value(value: bytes, by_us: int) -> bytes:
    """A fact's JSON with all its times moved; what is no time stays byte for byte."""
    fields = _fields(value)
    for name in TIME_FIELDS & fields.keys():
        raw = bytes(fields[name])
        if raw[:1] == b'"':
            try:
                moved = format_time(parse_time(msgspec.json.decode(raw)) + by_us)
            except ValueError:
                continue
            fields[name] = msgspec.Raw(msgspec.json.encode(moved))
    return msgspec.json.encode(fields)


def _local(us: int, zone: ZoneInfo) -> datetime:
    return to_datetime(us).astimezone(zone)
