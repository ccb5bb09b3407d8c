"""``python -m tests.trial``: simulated weeks through the rules, and a table over team size.

example: python -m tests.trial --teams 10 --sizes 60,300,600 --share 0.5
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from tests.trial import floors, measuring, replaying
from tests.trial.remote_write import write

ALERT = "DialerCallRateDropping"
RIVAL = """part:dialer_calls:increase{window="10m"} < 0.5 * part:dialer_calls:increase{window="10m"} offset 1w
and on (site) site:dialer_site_open:max == 1"""
"""The plain rule: half of what it was a week ago, for five minutes; silenced by the calendar as ours is."""

Alerts = dict[str, list[float]]


def main() -> int:
    """Runs the trial; exit 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.trial", description=__doc__)
    parser.add_argument("--teams", type=int, default=10, help="teams of each size")
    parser.add_argument("--sizes", default="60,150,300,600,1200", help="calls per hour")
    parser.add_argument("--share", type=float, default=0.5, help="share of the calls that a drop takes")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    sizes = [int(size) for size in chosen.sizes.split(",")]
    weeks = floors.HISTORY_WEEKS + 1
    teams = floors.teams_of(sizes, chosen.teams, rng, weeks)
    days = dict(enumerate(floors.working_days(weeks)))
    tested = {day: date for day, date in days.items() if day >= 5 * floors.HISTORY_WEEKS}
    # Two days of the week have drops, three are as they always are.
    floors.plant(teams, {day: date for day, date in tested.items() if day % 5 in (1, 3)}, chosen.share, rng)
    with tempfile.TemporaryDirectory() as folder, replaying.receiving(Path(folder)) as address:
        began = time.monotonic()
        write(address, floors.surroundings(days))
        for team in teams:
            name = floors.labels("dialer_calls_total", site="lyon", team=team.name, campaign="", instance="w")
            named = tuple(label for label in name if label[1])
            write(address, [(named, floors.scraped(team, days, rng))])
        _tell(f"{len(teams)} teams, {len(days)} days written in {time.monotonic() - began:.0f} s")
        ours, plain = _replay(address, days, tested)
    for team in teams:
        for at_s in measuring.without_cause(team, ours.get(team.name, [])):
            _tell(f"false: {team.name} {datetime.fromtimestamp(at_s, UTC):%a %H:%M:%S}")
    _table(teams, {"ours": ours, "0.5 x 1w": plain, "ideal": _ideal(teams, tested, rng)}, len(tested))
    return 0


def _replay(address: str, days: dict[int, datetime], tested: dict[int, datetime]) -> tuple[Alerts, Alerts]:
    rules, alert = replaying.rules_for(ALERT)
    ours: dict[str, list[float]] = defaultdict(list)
    plain: dict[str, list[float]] = defaultdict(list)
    for day, date in days.items():
        began, at = time.monotonic(), floors.times(date)
        span = at[0], at[-1]
        is_past = day not in tested
        # Of the past only what later days look back to.
        needed = [
            rule
            for rule in rules
            if not is_past or rule.name.startswith(("site:dialer_site", "part:dialer_calls:increase"))
        ]
        for rule in needed:
            if not (is_past and ":same_hour" in rule.name):
                replaying.evaluate(address, rule, *span, 60 if is_past else floors.STEP_S)
        if not is_past:
            for expr, into in ((alert.expr, ours), (RIVAL, plain)):
                for series in replaying.asked(address, expr, *span, floors.STEP_S):
                    into[series["metric"].get("team", "")] += [float(when) for when, _ in series["values"]]
        _tell(f"{date:%a %d %b} {'past' if is_past else 'tested'}: {time.monotonic() - began:.1f} s")
    onsets = measuring.onsets
    return (
        {team: onsets(when) for team, when in ours.items()},
        {team: onsets(when, sustained=10) for team, when in plain.items()},
    )


def _deviations(expected: float, observed: float) -> float:
    if observed >= expected:
        return 0.0
    return math.sqrt(2 * (expected - observed + observed * math.log(observed / expected)))


def _ideal(teams: list[floors.Team], tested: dict[int, datetime], rng: random.Random, threshold: float = 3.3) -> Alerts:
    """A Poisson test that knows the true rate, in the window of the size's limit, at one false alarm a month."""
    found: Alerts = {}
    for team in teams:
        steps = measuring.LIMIT_MINUTES[team.calls_per_hour] * 60 // floors.STEP_S
        held: list[float] = []
        for day, date in tested.items():
            at = list(floors.times(date))
            means = [team.expected(day, at_s, planted=False) * floors.STEP_S for at_s in at]
            counts = [floors.chance(team.expected(day, at_s) * floors.STEP_S, rng) for at_s in at]
            for end in range(steps, len(at)):
                expected, observed = sum(means[end - steps : end]), sum(counts[end - steps : end])
                if _deviations(expected, observed + 0.5) > threshold:
                    held.append(float(at[end]))
        found[team.name] = measuring.onsets(held, sustained=1)
    return found


def _table(teams: list[floors.Team], methods: dict[str, Alerts], days: int) -> None:
    print("calls/h  method     found  minutes  false/team/month")
    for size in sorted({team.calls_per_hour for team in teams}):
        for name, alerts in methods.items():
            score = measuring.Score()
            for team in teams:
                if team.calls_per_hour == size:
                    score.see(team, alerts.get(team.name, []), days)
            print(
                f"{size:7}  {name:9} {score.line()}   (within {measuring.LIMIT_MINUTES[size]} min, {score.drops} drops)"
            )


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
