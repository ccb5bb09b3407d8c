"""What alerts came to: drops found and how soon, and alarms without a cause."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.trial.floors import STEP_S, Team

LIMIT_MINUTES = {60: 90, 150: 90, 300: 20, 600: 10, 1200: 10}
"""Within how many minutes half of a team's calls missing is to be found, by its calls an hour."""

DAYS_PER_MONTH = 21
KEEP_S = 600


def onsets(times_s: Iterable[float], sustained: int = 2, gap_s: float = KEEP_S) -> list[float]:
    """When alerts begin to fire: a condition that holds at so many steps in a row, and did not within the gap."""
    found: list[float] = []
    held, last, fired = 0, -math.inf, -math.inf
    for at_s in times_s:
        held = held + 1 if at_s - last <= STEP_S else 1
        last = at_s
        if held >= sustained:
            if at_s - fired > gap_s:
                found.append(at_s)
            fired = at_s
    return found


def without_cause(team: Team, alerts: list[float]) -> list[float]:
    """Alerts that began neither in a drop nor while the longest window still held some of it."""
    return [at for at in alerts if all(not drop.begins_s <= at < drop.ends_s + 5400 for drop in team.drops)]


@dataclass(slots=True)
class Score:
    """One method's result for teams of one size; minutes to the alert of the drops that were found at all."""

    drops: int = 0
    found: int = 0
    minutes: list[float] = field(default_factory=list)
    false: int = 0
    team_days: float = 0

    def see(self, team: Team, alerts: list[float], days: int) -> None:
        """Counts one team's drops and alerts over so many tested days."""
        self.team_days += days
        for drop in team.drops:
            self.drops += 1
            its = [at for at in alerts if drop.begins_s <= at < drop.ends_s]
            if its:
                minutes = (its[0] - drop.begins_s) / 60
                self.minutes.append(minutes)
                self.found += minutes <= LIMIT_MINUTES[team.calls_per_hour]
        self.false += len(without_cause(team, alerts))

    def line(self) -> str:
        """Found within the limit, median minutes, false alarms per team and month."""
        middle = sorted(self.minutes)[len(self.minutes) // 2] if self.minutes else math.nan
        share = self.found / self.drops if self.drops else math.nan
        return f"{share:6.1%} {middle:6.1f} {self.false / self.team_days * DAYS_PER_MONTH:6.2f}"
