"""What alerts came to: drops found and how soon, and alarms without a cause."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from tests.trial.floors import DROP_S, HOLIDAY, SHAPE, STEP_S, Drop, Stream, first_s, times

LIMIT_MINUTES = {60: 90, 150: 45, 300: 20, 600: 10, 1200: 10}
"""Within how many minutes half of a team's calls missing is to be found, by its calls an hour."""

DAYS_PER_MONTH = 21
KEEP_S = 600
_AFTER_S = 5400
"""For so long the longest window still holds some of a drop that is over."""
_OPEN_STEPS = sum(share > 0 for share in SHAPE)


def firing(
    day: int, begins: Collection[float], stays: Collection[float] = (), step_s: int = STEP_S, for_s: int = 30
) -> list[tuple[float, float]]:
    """From when to when an alert fires on a day, as Prometheus counts; both instants are ones at which it fires.

    ``begins``: instants at which its condition holds; ``stays``: those at which it holds for one that fires already.
    It fires once its condition held for ``for_s``, and until it has not held for ten minutes (``keep_firing_for``).
    """
    begins, stays = set(begins), set(stays)
    found: list[tuple[float, float]] = []
    since = gone = fired = math.nan
    for at_s in times(day)[:: step_s // STEP_S]:
        is_firing = not math.isnan(fired)
        if at_s in begins or (is_firing and at_s in stays):
            gone = math.nan
            since = at_s if math.isnan(since) else since
            if not is_firing and at_s - since >= for_s:
                fired = at_s
        else:
            gone = at_s if math.isnan(gone) else gone
            if is_firing and at_s - gone >= KEEP_S:
                found.append((fired, at_s - step_s))
            if not is_firing or at_s - gone >= KEEP_S:
                since = fired = math.nan
    return found if math.isnan(fired) else [*found, (fired, times(day)[-1])]


def onsets(
    day: int, begins: Collection[float], stays: Collection[float] = (), step_s: int = STEP_S, for_s: int = 30
) -> list[float]:
    """When an alert begins to fire on a day."""
    return [begun for begun, _ in firing(day, begins, stays, step_s, for_s)]


def unexplained(drops: list[Drop], alerts: list[float]) -> list[float]:
    """Alerts that began neither in a drop nor while the longest window still held some of it."""
    return [at for at in alerts if all(not drop.begins_s <= at < drop.ends_s + _AFTER_S for drop in drops)]


def undisturbed_days(day: int, drops: list[Drop]) -> float:
    """Which share of a working day has neither a drop nor one in its windows."""
    if day == HOLIDAY:
        return 0.0
    free = [
        at_s
        for at_s, share in zip(times(day), SHAPE, strict=True)
        if share > 0 and all(not drop.begins_s <= at_s < drop.ends_s + _AFTER_S for drop in drops)
    ]
    return len(free) / _OPEN_STEPS


@dataclass(slots=True)
class Found:
    """Drops of one share: minutes to the alert of each (infinite: none while it lasted), and whether in time."""

    minutes: list[float] = field(default_factory=list)
    in_time: list[bool] = field(default_factory=list)
    full_strength: list[bool] = field(default_factory=list)
    """Whether the team made its nominal calls an hour then, but for the drop."""

    def see(self, drop: Drop, alerts: list[float], limit_minutes: float, full: bool) -> None:
        """Counts one drop."""
        its = [at for at in alerts if drop.begins_s <= at < drop.begins_s + DROP_S]
        minutes = (its[0] - drop.begins_s) / 60 if its else math.inf
        self.minutes.append(minutes)
        self.in_time.append(minutes <= limit_minutes)
        self.full_strength.append(full)

    @property
    def share(self) -> float:
        """Found in time, of all."""
        return sum(self.in_time) / len(self.in_time) if self.in_time else math.nan

    @property
    def share_at_full_strength(self) -> float:
        """Found in time, of those when the team made its nominal calls an hour."""
        full = [found for found, is_full in zip(self.in_time, self.full_strength, strict=True) if is_full]
        return sum(full) / len(full) if full else math.nan

    @property
    def median(self) -> float:
        """Minutes to the alert, those never found among them."""
        return sorted(self.minutes)[len(self.minutes) // 2] if self.minutes else math.nan


@dataclass(slots=True)
class Score:
    """One method's result for teams of one size."""

    found: dict[float, Found] = field(default_factory=dict)
    false: int = 0
    team_days: float = 0

    def see(self, stream: Stream, day: int, alerts: list[float]) -> None:
        """Counts one team's day."""
        drops = [drop for drop in stream.drops if drop.day == day]
        for drop in drops:
            rate = stream.calls_per_hour * stream.factor[day]
            full = rate * SHAPE[int((drop.begins_s - first_s(day)) // STEP_S)] >= stream.calls_per_hour
            limit = LIMIT_MINUTES[round(stream.calls_per_hour)]
            self.found.setdefault(drop.share, Found()).see(drop, alerts, limit, full)
        self.false += len(unexplained(drops, alerts))
        self.team_days += undisturbed_days(day, drops)

    @property
    def false_per_month(self) -> float:
        """Alarms without a cause, per team and month."""
        return self.false / self.team_days * DAYS_PER_MONTH if self.team_days else math.nan
