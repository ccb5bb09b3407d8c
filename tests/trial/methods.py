"""The alert and its rivals, each replayed over the same weeks."""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tests.trial import floors, measuring, replaying
from tests.trial.remote_write import Series, write

TEAM, CAMPAIGN = "team", "campaign"
ALERT = "DialerCallRateDropping"
OURS = "these rules"
RIVALS = {
    "RivalHalfOfLastWeek": "half of last week",
    "RivalAdaptiveBand": "adaptive band",
    "RivalRobustBand": "robust band",
}
_RIVAL_FILES = [replaying.ROOT / "deploy/prometheus/rules/same-hour.yml", Path(__file__).parent / "rivals.yml"]

Part = tuple[str, str]
"""What is alerted: ("team", its name) or ("campaign", its name)."""
Alerts = dict[Part, dict[int, list[float]]]
"""When alerts began, by part and working day."""
Firing = dict[Part, dict[int, list[tuple[float, float]]]]
"""From when to when they fired."""


def replay(
    address: str, tested: range, tell: Callable[[str], None], first: int = 0, with_rivals: bool = True
) -> dict[str, Alerts]:
    """Evaluates all days from the first to the last tested one, of the past only what later days look back at."""
    began = time.monotonic()
    rules, _ = replaying.rules_for(ALERT)
    found = {OURS: begun(ours(address, tested, first))}
    tell(f"the alert replayed after {time.monotonic() - began:.0f} s")
    recorded = {rule.name for rule in rules}
    for alert, name in RIVALS.items() if with_rivals else ():
        rules, last = replaying.rules_for(alert, _RIVAL_FILES)
        rules = [rule for rule in rules if rule.name not in recorded]
        recorded |= {rule.name for rule in rules}
        # Rivals look back a week.
        found[name] = begun(_replayed(address, rules, last, range(tested.start - 5, tested.stop), tested))
    tell(f"and its rivals after {time.monotonic() - began:.0f} s")
    return found


def ours(address: str, tested: range, first: int = 0) -> Firing:
    """The alert alone: on tested days every rule as often as Prometheus has it, before those what is looked back at."""
    rules, last = replaying.rules_for(ALERT)
    return _replayed(address, rules, last, range(first, tested.stop), tested)


def begun(fired: Firing) -> Alerts:
    """When alerts began."""
    return {part: {day: [begin for begin, _ in held] for day, held in days.items()} for part, days in fired.items()}


def _replayed(address: str, rules: list[replaying.Rule], alert: replaying.Rule, days: range, tested: range) -> Firing:
    needed = replaying.looked_back_at([*rules, alert])
    found: Firing = defaultdict(dict)
    for day in days:
        for rule in rules:
            if day in tested or rule.name in needed:
                begins_s, ends_s = floors.times(day)[0], floors.times(day)[-1]
                if "utc_offset_seconds:max" in rule.name:
                    begins_s, ends_s = begins_s - 3600, ends_s + 3600
                is_seldom = day not in tested and not rule.name.startswith("site:")
                step_s = max(60, rule.interval_s) if is_seldom else rule.interval_s
                replaying.evaluate(address, rule, begins_s, ends_s, step_s)
        if day in tested:
            _alert(address, alert, day, found)
    return found


def _alert(address: str, alert: replaying.Rule, day: int, found: Firing) -> None:
    begins = _held(address, alert, day)
    stays: dict[Part, list[float]] = {}
    if "ALERTS" in alert.expr:
        # The condition of one that fires already: asked as if all did.
        write(address, [_firing(alert.name, part, day) for part in begins])
        stays = _held(address, alert, day)
    for part, when in begins.items():
        found[part][day] = measuring.firing(day, when, stays.get(part, ()), alert.interval_s, alert.for_s)


def _held(address: str, alert: replaying.Rule, day: int) -> dict[Part, list[float]]:
    when = floors.times(day)
    answers = replaying.asked(address, alert.expr, when[0], when[-1], alert.interval_s)
    return {part_of(series.metric): [at for at, _ in series.values] for series in answers}


def part_of(metric: dict[str, str]) -> Part:
    """Which part a series is about."""
    return (TEAM, metric[TEAM]) if metric.get(TEAM) else (CAMPAIGN, metric[CAMPAIGN])


def _firing(name: str, part: Part, day: int) -> Series:
    named = floors.labels("ALERTS", alertname=name, alertstate="firing", site="lyon", **dict([part]))
    return named, [(floors.first_s(day) * 1000, floors.STEP_S * 1000, [1.0] * floors.STEPS)]
