"""The weeks of the trial: normal floors with chance in them, and drops that are planted and known."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.trial.remote_write import Labels

STEP_S = 30
MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
HISTORY_WEEKS = 4
OPENS = ((10, 13), (14, 20))
HOLIDAY = 7
"""The eighth working day of the history: everybody is away, and the calendar says so."""

# Calls by hour of the day, as a share of the team's rate.
_SHAPE = {10: 0.95, 11: 1.05, 12: 0.9, 14: 0.9, 15: 1.0, 16: 1.05, 17: 1.1, 18: 1.1, 19: 0.95}


@dataclass(slots=True)
class Drop:
    """A share of a team's calls that is missing from ``begins_s`` to ``ends_s`` (epoch seconds)."""

    team: str
    share: float
    begins_s: float
    ends_s: float


@dataclass(slots=True)
class Team:
    """A team of so many calls an hour; ``factor`` by day: that day's level, ``drops`` what was planted."""

    name: str
    calls_per_hour: int
    factor: dict[int, float] = field(default_factory=dict)
    drops: list[Drop] = field(default_factory=list)

    def expected(self, day: int, at_s: float, planted: bool = True) -> float:
        """Calls a second at an instant of a day, without chance; 0 while closed."""
        local = datetime.fromtimestamp(at_s, UTC)
        if day == HOLIDAY or local.hour not in _SHAPE:
            return 0.0
        # The first quarter of an hour after an opening people come to their desks.
        begun_s = (local.hour - (10 if local.hour < 13 else 14)) * 3600 + local.minute * 60 + local.second
        rate = self.calls_per_hour / 3600 * _SHAPE[local.hour] * self.factor[day] * min(1.0, 0.3 + begun_s / 900)
        for drop in self.drops if planted else ():
            if drop.begins_s <= at_s < drop.ends_s:
                rate *= 1 - drop.share
        return rate


def working_days(weeks: int) -> list[datetime]:
    """Mondays to Fridays, from the first Monday on."""
    return [MONDAY + timedelta(days=7 * week + day) for week in range(weeks) for day in range(5)]


def is_open(day: int, at_s: float) -> bool:
    """Whether the calendar lets the floor dial."""
    hour = datetime.fromtimestamp(at_s, UTC).hour
    return day != HOLIDAY and any(begins <= hour < ends for begins, ends in OPENS)


def teams_of(sizes: list[int], each: int, rng: random.Random, weeks: int) -> list[Team]:
    """Teams whose days differ more than chance has it: by ten per cent (one in fifteen days a third is missing)."""
    teams = [Team(f"t{size}-{number:02}", size) for size in sizes for number in range(each)]
    for team in teams:
        for day in range(5 * weeks):
            level = rng.gammavariate(100, 0.01)
            team.factor[day] = level * (0.67 if rng.random() < 1 / 15 else 1.0)
    return teams


def plant(teams: list[Team], days: dict[int, datetime], share: float, rng: random.Random) -> None:
    """One drop per team and day, of two hours, somewhere between a quarter to eleven and half past five."""
    for day, date in days.items():
        for team in teams:
            starts = rng.choice([*range(645, 690, 5), *range(870, 1050, 5)])
            begins_s = date.timestamp() + starts * 60 + rng.random() * 60
            team.drops.append(Drop(team.name, share, begins_s, begins_s + 7200))
            assert day in team.factor


def chance(mean: float, rng: random.Random) -> int:
    """A Poisson count."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def times(date: datetime) -> range:
    """The scrapes of a working day, epoch seconds: from ten minutes before the opening to ten after the closing."""
    return range(int(date.timestamp()) + 9 * 3600 + 3000, int(date.timestamp()) + 20 * 3600 + 600, STEP_S)


def scraped(team: Team, days: dict[int, datetime], rng: random.Random) -> list[tuple[int, float]]:
    """The counter of a team's calls as a worker shows it."""
    total, samples = 0, []
    for day, date in days.items():
        for at_s in times(date):
            total += chance(team.expected(day, at_s) * STEP_S, rng)
            samples.append((at_s * 1000, float(total)))
    return samples


def labels(name: str, **others: str) -> Labels:
    """Labels in the order in which they are sent."""
    return tuple(sorted({"__name__": name, **others}.items()))


def surroundings(days: dict[int, datetime]) -> Iterator[tuple[Labels, list[tuple[int, float]]]]:
    """What a healthy worker shows besides: the site's hours, itself, and that it is not behind."""
    at = [(day, at_s) for day, date in days.items() for at_s in times(date)]
    steady = {
        labels("up", job="dialpulse-worker", instance="w"): 1.0,
        labels("dialpulse_assignment_timestamp_seconds", instance="w"): 0.0,
        labels("dialpulse_consumer_lag_facts", topic="dialer.calls.v1", partition="0", instance="w"): 0.0,
        labels("dialpulse_facts_total", topic="dialer.calls.v1", result="accepted", instance="w"): 0.0,
        labels("dialer_site_utc_offset_seconds", site="lyon", instance="w"): 0.0,
    }
    yield labels("dialer_site_open", site="lyon", instance="w"), [(s * 1000, float(is_open(d, s))) for d, s in at]
    for name, value in steady.items():
        yield name, [(at_s * 1000, value) for _, at_s in at]
