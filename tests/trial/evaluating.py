"""How long the group of the alert takes with weeks behind it: ``python -m tests.trial.evaluating``.

Every team dials for every campaign. What the rules read is written beforehand: eight hours of scrapes, what
the rules recorded of them, a week of what unrest is taken from, and the same hour of the days that are looked back
at. Then Prometheus scrapes and evaluates as shipped.

example: python -m tests.trial.evaluating --teams 20 --campaigns 20
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tests.deploy.live import faster
from tests.deploy.live.servers import live_prometheus
from tests.tools import find_unpacked
from tests.trial import methods, replaying
from tests.trial.exporter import Exporter
from tests.trial.floors import STEP_S, labels
from tests.trial.remote_write import Series, write

GROUP = "dialer_call_rate"
_DAY_S = 86400
_SCRAPED_S = 15
_PASTS_S = tuple(_DAY_S * days for days in (28, 21, 14, 7, 1))
_RECORDED_S = 8 * 3600


def scraped(teams: int, campaigns: int, begins_s: int, ends_s: int) -> Iterator[Series]:
    """A floor of twelve calls an hour from each team for each campaign."""
    steps = (ends_s - begins_s) // _SCRAPED_S
    steady = {
        labels("dialer_site_open", site="lyon"): 1.0,
        labels("dialer_site_closes_in_seconds", site="lyon"): 9000.0,
        labels("dialer_site_utc_offset_seconds", site="lyon"): 3600.0,
        labels("dialpulse_assignment_timestamp_seconds"): 0.0,
        labels("dialpulse_consumer_lag_facts", topic="dialer.calls.v1", partition="0"): 0.0,
        labels("dialpulse_facts_total", topic="dialer.calls.v1", result="accepted"): 0.0,
        **{labels("dialer_operators_active", site="lyon", team=f"t{team}"): 9.0 for team in range(teams)},
        **{
            labels("dialer_campaign_operators_active", site="lyon", campaign=f"c{campaign}"): 9.0
            for campaign in range(campaigns)
        },
    }
    for named, value in steady.items():
        yield named, [(begins_s * 1000, _SCRAPED_S * 1000, [value] * steps)]
    for team in range(teams):
        for campaign in range(campaigns):
            counts = [float((step + team + 3 * campaign) // 20) for step in range(steps)]
            named = labels("dialer_calls_total", site="lyon", team=f"t{team}", campaign=f"c{campaign}")
            yield named, [(begins_s * 1000, _SCRAPED_S * 1000, counts)]


def _at_the_target(series: Series, address: str) -> Series:
    return tuple(sorted([*series[0], ("instance", address), ("job", "dialpulse-worker")])), series[1]


def _long_past(teams: int, campaigns: int, now_s: int) -> Iterator[Series]:
    """The same hour of the days that are looked back at, oldest first, and a week of what unrest is taken from."""
    parts = [{"team": f"t{team}"} for team in range(teams)] + [{"campaign": f"c{one}"} for one in range(campaigns)]
    windows = ("5m", "9m", "19m", "44m", "89m")
    for past_s in _PASTS_S:
        hour = [((now_s - past_s - 3600) * 1000, STEP_S * 1000, [1.0] * (7200 // STEP_S))]
        yield (
            labels("site:dialer_site_utc_offset_seconds:max", site="lyon"),
            [(*hour[0][:2], [3600.0] * len(hour[0][2]))],
        )
        for window in (*windows, "8h"):
            yield labels("site:dialer_site_open:avg", site="lyon", window=window), hour
        for part, window, span in product(parts, windows, ("window", "around")):
            yield labels("part:dialer_calls_shape:ratio", site="lyon", window=window, span=span, **part), hour
    week = [((now_s - 7 * _DAY_S) * 1000, STEP_S * 1000, [1.0] * ((7 * _DAY_S - _RECORDED_S) // STEP_S))]
    for part, operation in product(parts, ("square", "mean")):
        yield labels(f"part:dialer_calls_jump:{operation}", site="lyon", window="5m", **part), week


def measured(folder: Path, teams: int, campaigns: int, minutes: int) -> tuple[list[float], int]:
    """Seconds that each evaluation of the group took, and how many series it expects calls of by the past weeks."""
    now_s = int(time.time()) // STEP_S * STEP_S
    series = list(scraped(teams, campaigns, now_s - _RECORDED_S, now_s + 2 * _DAY_S))
    exporter = Exporter(series, now_s, 1)
    with exporter.serving() as shown, live_prometheus(folder, 1) as prometheus:
        write(prometheus.address, _long_past(teams, campaigns, now_s))
        until = _RECORDED_S // _SCRAPED_S
        past = [(named, [(begins, step, values[:until])]) for named, ((begins, step, values),) in series]
        up = labels("up"), [((now_s - _RECORDED_S) * 1000, _SCRAPED_S * 1000, [1.0] * until)]
        write(prometheus.address, [_at_the_target(one, shown) for one in (*past, up)])
        rules, _ = replaying.rules_for(methods.ALERT)
        for rule in rules:
            replaying.evaluate(prometheus.address, rule, now_s - _RECORDED_S, now_s, STEP_S)
        exporter.start(now_s)
        config = faster.prometheus_yml(1, shown, "")
        del config["alerting"]
        config["scrape_configs"].append(
            {"job_name": "prometheus", "scrape_interval": "5s", "static_configs": [{"targets": [prometheus.address]}]}
        )
        prometheus.begin(config, 1)
        time.sleep(60 * minutes)
        question = f'prometheus_rule_group_last_duration_seconds{{rule_group=~".*;{GROUP}"}}[{minutes}m]'
        (took,) = replaying.samples(prometheus.address, question, time.time())
        by_weeks = prometheus.now('part:dialer_calls:expected{baseline="weeks",span="around"}')
    return sorted({float(value) for _, value in took.values if value != "0"}), len(by_weeks)


def main() -> int:
    """Prints what was measured; exit 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trial.evaluating",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--teams", type=int, default=20)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--minutes", type=int, default=4)
    chosen = parser.parse_args()
    find_unpacked()
    with tempfile.TemporaryDirectory() as folder:
        took, by_weeks = measured(Path(folder), chosen.teams, chosen.campaigns, chosen.minutes)
    print(
        f"{GROUP}: {len(took)} evaluations of {took[0]:.3f} to {took[-1]:.3f} s, median {took[len(took) // 2]:.3f}; "
        f"{by_weeks} expectations by the past weeks"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
