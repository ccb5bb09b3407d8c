"""The stretches of time that the wall's numbers are over. Pure: `now_us` is an argument everywhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from processors.hours import SLOT_US, Hour, hour_at
from processors.times import SECOND_US, to_datetime
from schemas.kpis import Slots

STRIP_HOURS = 10
ROLLING_SLOTS = 12


@dataclass(frozen=True, slots=True)
class SlotSum:
    """What began in the five minutes from `start_us` on."""

    start_us: int
    calls: int
    conversations: int
    appointments: int


def recent_hours(now_us: int, zone: ZoneInfo, count: int = STRIP_HOURS) -> list[Hour]:
    """The running hour of the zone and those before it, oldest first: `count` in all, a repeated one twice."""
    hours = [hour_at(now_us, zone)]
    while len(hours) < count:
        hours.append(hour_at(hours[-1].start_us - 1, zone))
    return hours[::-1]


def hours_of_today(now_us: int, zone: ZoneInfo) -> list[Hour]:
    """The hours of the zone's present date up to the running one, oldest first.

    Walked back hour by hour, since a day does not always begin at midnight.
    """
    hours = [hour_at(now_us, zone)]
    today = to_datetime(now_us).astimezone(zone).date()
    while True:
        before = hour_at(hours[-1].start_us - 1, zone)
        if to_datetime(before.start_us).astimezone(zone).date() != today:
            return hours[::-1]
        hours.append(before)


def rolling_starts(now_us: int, count: int = ROLLING_SLOTS) -> list[int]:
    """The starts of the latest five-minute slots, the running one last.

    Every zone in use is a whole number of quarter hours from UTC, so slots of all sites begin at the same instants.
    """
    running = now_us // SLOT_US * SLOT_US
    return [running - SLOT_US * back for back in reversed(range(count))]


def slot_sums(records: Iterable[tuple[int, Slots]], starts: list[int]) -> list[SlotSum]:
    """Adds up the slots of (hour start in us, slots) by the instant they begin at, over the slots at `starts`.

    By instants, an hour of thirty minutes, one that comes twice and one that starts at half past need no care.
    """
    sums = {start: [0, 0, 0] for start in starts}
    for hour_us, slots in records:
        for place, three in enumerate(zip(slots.calls, slots.conversations, slots.appointments, strict=True)):
            at = (hour_us + place * slots.seconds * SECOND_US) // SLOT_US * SLOT_US
            if at in sums:
                sums[at] = [have + more for have, more in zip(sums[at], three, strict=True)]
    return [SlotSum(start, *sums[start]) for start in starts]


def kept_since_us(now_us: int, life_s: int) -> int:
    """Hours that end after this instant are in Redis whatever happened, where a snapshot lives `life_s` seconds."""
    return now_us - life_s * SECOND_US
