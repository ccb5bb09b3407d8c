"""The weeks of the trial: normal floors with chance in them, and drops that are planted and known."""

import math
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from tests.trial.remote_write import Labels, Run, Series

STEP_S = 30
ZONE = ZoneInfo("Europe/Paris")
MONDAY = date(2026, 10, 5)
"""So the clocks change within the history: three of its weeks have another offset than the tested one."""
HISTORY_WEEKS = 4
HOLIDAY = 7
"""The eighth working day of the history: everybody is away, and the calendar says so."""
FIRST_S = 9 * 3600 + 3000
"""Scrapes are looked at from ten minutes before the opening, local time, ..."""
STEPS = (20 * 3600 + 2700 - FIRST_S) // STEP_S
"""... to three quarters of an hour after the closing: the day's shape is recorded half an hour late."""
DROP_S = 7200

# Calls by hour of the day, as a share of the team's rate.
_HOURS = {10: 0.95, 11: 1.05, 12: 0.9, 14: 0.9, 15: 1.0, 16: 1.05, 17: 1.1, 18: 1.1, 19: 0.95}


def _share_at(day_s: int) -> float:
    hour = day_s // 3600
    # The first quarter of an hour after an opening people come to their desks.
    begun_s = day_s - (10 if hour < 13 else 14) * 3600
    return _HOURS[hour] * min(1.0, 0.3 + begun_s / 900) if hour in _HOURS else 0.0


SHAPE = [_share_at(FIRST_S + step * STEP_S) for step in range(STEPS)]
"""The day, scrape by scrape: 1 is the team's rate, 0 closed."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A share of calls that is missing on a day from ``begins_s`` on, for two hours (epoch seconds)."""

    day: int
    share: float
    begins_s: float

    @property
    def ends_s(self) -> float:
        """When all is as before."""
        return self.begins_s + DROP_S


@dataclass(slots=True)
class Stream:
    """The calls of one team for one campaign; ``factor`` by day: that day's level."""

    team: str
    campaign: str
    calls_per_hour: float
    factor: list[float]
    drops: list[Drop] = field(default_factory=list)

    def per_step(self, day: int, planted: bool = True) -> list[float]:
        """Calls expected between two scrapes of a day, without chance."""
        rate = 0.0 if day == HOLIDAY else self.calls_per_hour / 3600 * STEP_S * self.factor[day]
        means = [rate * share for share in SHAPE]
        for drop in self.drops if planted else ():
            if drop.day == day:
                begins = math.ceil((drop.begins_s - first_s(day)) / STEP_S)
                for step in range(begins, min(STEPS, begins + DROP_S // STEP_S)):
                    means[step] *= 1 - drop.share
        return means

    def counted(self, day: int, rng: random.Random) -> list[int]:
        """Calls between two scrapes, with Poisson chance."""
        chances: dict[float, list[float]] = {}
        counts = []
        for mean in self.per_step(day):
            if mean not in chances:
                chances[mean] = _chances(mean)
            counts.append(bisect(chances[mean], rng.random()))
        return counts


def _chances(mean: float) -> list[float]:
    """How likely a Poisson count is at most 0, 1, 2 and so on, as far as anybody will see."""
    term = total = math.exp(-mean)
    found = [total]
    while total < 1 - 1e-13 and len(found) < 20 + 10 * mean:
        term *= mean / len(found)
        total += term
        found.append(total)
    return found


def local_day(day: int) -> date:
    """The date of the working day of that number."""
    return MONDAY + timedelta(days=7 * (day // 5) + day % 5)


def midnight_s(day: int) -> int:
    """When a working day begins, epoch seconds."""
    return int(datetime.combine(local_day(day), datetime.min.time(), ZONE).timestamp())


def first_s(day: int) -> int:
    """The first scrape of a working day, epoch seconds."""
    return midnight_s(day) + FIRST_S


def times(day: int) -> range:
    """The scrapes of a working day, epoch seconds."""
    return range(first_s(day), first_s(day) + STEPS * STEP_S, STEP_S)


def some_levels(days: int, rng: random.Random) -> list[float]:
    """Days differ more than chance has it: by ten per cent, and one in fifteen has a third of the team missing."""
    return [rng.gammavariate(100, 0.01) * (0.67 if rng.random() < 1 / 15 else 1.0) for _ in range(days)]


def some_drop(day: int, share: float, rng: random.Random) -> Drop:
    """A drop somewhere between a quarter to eleven and half past five, not over lunch."""
    minutes = rng.choice([*range(645, 690, 5), *range(870, 1050, 5)])
    return Drop(day, share, midnight_s(day) + (minutes + rng.random()) * 60)


def scraped(stream: Stream, days: range, rng: random.Random) -> list[Run]:
    """The counter of a stream's calls as a worker shows it."""
    total, runs = 0, []
    for day in days:
        sums = list(accumulate(stream.counted(day, rng), initial=total))[1:]
        runs.append((first_s(day) * 1000, STEP_S * 1000, sums))
        total = sums[-1]
    return runs


def labels(name: str, **others: str) -> Labels:
    """Labels in the order in which they are sent; an empty one is none."""
    return tuple(sorted((label, value) for label, value in {"__name__": name, **others}.items() if value))


def surroundings(days: range) -> Iterator[Series]:
    """What a healthy worker shows besides: the site's hours, its offset, itself, and that it is not behind."""

    def steady(value: float) -> list[Run]:
        return [(first_s(day) * 1000, STEP_S * 1000, [value] * STEPS) for day in days]

    hours = [float(share > 0) for share in SHAPE]
    yield (
        labels("dialer_site_open", site="lyon", instance="w"),
        [(first_s(day) * 1000, STEP_S * 1000, hours if day != HOLIDAY else [0.0] * STEPS) for day in days],
    )
    offsets = [datetime.fromtimestamp(first_s(day), ZONE).utcoffset() or timedelta(0) for day in days]
    yield (
        labels("dialer_site_utc_offset_seconds", site="lyon", instance="w"),
        [
            # Looked at an hour nearer and farther too, where the clocks have changed.
            ((first_s(day) - 3600) * 1000, STEP_S * 1000, [offset.total_seconds()] * (STEPS + 240))
            for day, offset in zip(days, offsets, strict=True)
        ],
    )
    yield labels("up", job="dialpulse-worker", instance="w"), steady(1)
    yield labels("dialpulse_assignment_timestamp_seconds", instance="w"), steady(0)
    topic = "dialer.calls.v1"
    yield labels("dialpulse_consumer_lag_facts", topic=topic, partition="0", instance="w"), steady(0)
    yield labels("dialpulse_facts_total", topic=topic, result="accepted", instance="w"), steady(0)


def clock(at_s: float) -> str:
    """A time as the site's clocks show it."""
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone(ZONE):%a %d %b %H:%M:%S}"
