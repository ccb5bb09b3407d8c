"""Whether replaying comes to what Prometheus' own rule manager comes to: both look at the same samples of some weeks.

The second way is ``promtool test rules``: it appends the samples and runs the rule groups step by step, nights and
weekends too, with the code of a server that scrapes. Both are then asked the same: for every working day and every
series that a rule recorded, how many values and their sum; and when each alert fired.

example: python -m tests.trial.agreeing --weeks 1
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.tools import find_unpacked
from tests.trial import floors, methods, replaying
from tests.trial.remote_write import Labels, Series, write

_OPEN_S = 20 * 3600 - floors.FIRST_S
"""Compared until the closing: after that, replaying does not look back as far as a server that runs all night."""
_ORIGIN_S = floors.first_s(0) - 3600
"""When promtool's clock begins: nothing was seen before."""


def main() -> int:
    """Says how much was compared; exit 0 where all agrees, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trial.agreeing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weeks", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    find_unpacked()
    # Little memory is needed, and much time goes into keeping it small.
    os.environ.setdefault("GOGC", "400")
    with tempfile.TemporaryDirectory() as folder:
        compared, complaint = differences(Path(folder), range(5 * chosen.weeks), chosen.seed)
    print(f"{compared}: {complaint or 'no difference'}")
    return 1 if complaint else 0


def differences(folder: Path, days: range, seed: int) -> tuple[str, str]:
    """What was compared, and what promtool says where the two ways differ."""
    rng = random.Random(seed)
    stream = floors.Stream("blue", "autumn", 600, floors.some_levels(days.stop, rng))
    stream.drops = [floors.some_drop(day, 0.5, rng) for day in days if day != floors.HOLIDAY]
    name = floors.labels("dialer_calls_total", site="lyon", team="blue", campaign="autumn", instance="w")
    series = [*floors.surroundings(days), (name, floors.scraped(stream, days, rng))]
    with replaying.receiving(folder / "replayed") as address:
        write(address, series)
        fired = methods.ours(address, days)
        asserted = [one for day in days for one in _sums(address, day)]
    begun = sum(len(held) for part in fired.values() for held in part.values())
    sums = len(asserted)
    values = sum(int(one["exp_samples"][0]["value"]) for one in asserted[::2] if one["exp_samples"])
    asserted += _alerts(fired, days)
    _write_test(folder / "test.yml", series, asserted)
    done = subprocess.run(
        ["promtool", "test", "rules", folder / "test.yml"], capture_output=True, text=True, check=False
    )
    compared = f"{len(days)} days, {sums} questions about {values} recorded values, {begun} alerts"
    return compared, "" if done.returncode == 0 else done.stdout + done.stderr


def _sums(address: str, day: int) -> list[dict[str, Any]]:
    """For each rule the number of values and their sum, of a day, and what the replayed server says to that."""
    rules, _ = replaying.rules_for(methods.ALERT)
    at_s = floors.first_s(day) + _OPEN_S
    asserted = []
    for rule in dict.fromkeys(rule.name for rule in rules if not rule.name.startswith("window:")):
        for question in (
            f"sum(count_over_time({rule}[{_OPEN_S}s]))",
            f"sort(round(sum_over_time({rule}[{_OPEN_S}s]), 0.001))",
        ):
            answers = replaying.asked(address, question, at_s, at_s, 1)
            samples = [{"labels": _text(one.metric), "value": float(one.values[0][1])} for one in answers]
            asserted.append({"eval_time": _ago(at_s), "expr": question, "exp_samples": samples})
    return asserted


def _alerts(fired: methods.Firing, days: range) -> list[dict[str, Any]]:
    """That each alert fires at its first instant and at its last, and at those beside them does not."""
    asserted = []
    for part, held in fired.items():
        question = f'count(ALERTS{{alertname="{methods.ALERT}",alertstate="firing",{part[0]}="{part[1]}"}})'
        for day in days:
            instants: dict[float, bool] = {}
            for begin, end in held.get(day, []):
                instants |= {begin - 30: False, begin: True, end: True, end + 30: False}
            for at_s, is_firing in instants.items():
                samples = [{"labels": "{}", "value": 1}] if is_firing else []
                asserted.append({"eval_time": _ago(at_s), "expr": question, "exp_samples": samples})
    return asserted


def _ago(at_s: float) -> str:
    return f"{int(at_s) - _ORIGIN_S}s"


def _text(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _notation(named: Labels, series: Series) -> dict[str, str]:
    """The samples as promtool's files have them: one value a step from its origin on, ``_`` where there is none."""
    words, at = [], 0
    for begins_ms, step_ms, values in series[1]:
        begin = (begins_ms // 1000 - _ORIGIN_S) // floors.STEP_S
        assert step_ms == floors.STEP_S * 1000
        words.append(f"_x{begin - at}")
        words += [f"{value:g}" if value < 1e5 else str(int(value)) for value in values]
        at = begin + len(values)
    return {
        "series": f"{dict(named)['__name__']}{_text({n: v for n, v in named if n != '__name__'})}",
        "values": " ".join(words),
    }


def _groups() -> list[dict[str, Any]]:
    """The groups of rules, without those that the alert does not rest on: they take most of the time."""
    rules, alert = replaying.rules_for(methods.ALERT)
    wanted = {rule.expr for rule in (*rules, alert)}
    groups = [group for file in replaying.RULES for group in yaml.safe_load(file.read_text())["groups"]]
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if rule["expr"] in wanted]
    return [group for group in groups if group["rules"]]


def _write_test(file: Path, series: list[Series], asserted: list[dict[str, Any]]) -> None:
    groups = _groups()
    rules = file.with_name("rules.yml")
    rules.write_text(yaml.safe_dump({"groups": groups}))
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{floors.STEP_S}s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [
            {
                "interval": f"{floors.STEP_S}s",
                "input_series": [_notation(one[0], one) for one in series],
                "promql_expr_test": asserted,
            }
        ],
    }
    file.write_text(yaml.safe_dump(content, sort_keys=False, width=1_000_000_000))


if __name__ == "__main__":
    sys.exit(main())
