"""Whether replaying comes to what a Prometheus that scrapes comes to, for a week: ``python -m tests.trial.scraping``.

The teams of the trial, its four weeks before included, are replayed. Then a Prometheus with the shipped rules is given
what the rules recorded of those four weeks, scrapes an exporter that shows the tested week, nights too, and evaluates
by itself. Scrape and rule intervals, ranges, offsets and waits are divided by the speed, as the exporter's clock is
multiplied by it. Printed are the alerts of both, and how far apart they began and ended.

example: python -m tests.trial.scraping --teams 2 --speed 200
"""

import argparse
import math
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from tests.deploy.live import faster
from tests.deploy.live.servers import LivePrometheus, live_prometheus
from tests.tools import find_unpacked
from tests.trial import floors, measuring, methods, pairing, replaying, sizes
from tests.trial.exporter import Exporter
from tests.trial.pairing import Alert, Beyond, Outcome
from tests.trial.remote_write import Series, write

_READY_S = 8
"""Prometheus looks every five seconds whether there is something new to scrape."""


_HELD = (
    "max by (site, team, campaign) (part:dialer_calls_drop_excess:sigmas and part:dialer_calls_dropped:ratio < 0.75)"
)
"""How far beyond its threshold a part is: the alert begins where this is above nought twice in a row."""


def compared(
    folder: Path, streams: Sequence[floors.Stream], tested: range, span: Alert, speed: int, rng: random.Random,
    tell: Callable[[str], None],
) -> Outcome:  # fmt: skip
    """Replays all days up to the last tested one, lets a Prometheus scrape ``span``, and pairs their alerts."""
    days = range(tested.stop)
    series = list(floors.surroundings(days))
    for stream in streams:
        name = floors.labels(
            "dialer_calls_total", site="lyon", team=stream.team, campaign=stream.campaign, instance="w"
        )
        series.append((name, floors.scraped(stream, days, rng)))
    with replaying.receiving(folder / "replayed") as address:
        write(address, series)
        replayed = methods.ours(address, tested)
        past = list(_recorded(address, range(tested.start)))
        beyond = [_beyond(address, tested, lambda at_s: at_s, floors.STEP_S)]
    tell(f"replayed: {sum(len(held) for part in replayed.values() for held in part.values())} alerts")
    exporter = Exporter(series, span[0], speed)
    with exporter.serving() as shown, live_prometheus(folder / "live", speed) as prometheus:
        # Time to write the past in, and to find what is to be scraped.
        from_s = math.ceil(time.time() + _READY_S + 1 + len(past) / 100)
        write(prometheus.address, _faster(past, span[0], from_s, speed))
        assert time.time() < from_s - _READY_S, "the past took too long to write"
        exporter.start(from_s)
        config = faster.prometheus_yml(speed, shown, "")
        del config["alerting"]
        time.sleep(from_s - _READY_S - time.time())
        prometheus.begin(config, speed)
        for hour in range(math.ceil((span[1] - span[0]) / 3600)):
            ends_s = from_s + min(span[1] - span[0], (hour + 1) * 3600) / speed
            time.sleep(max(ends_s - time.time(), 0))
            if hour % 12 == 11:
                tell(f"scraped until {floors.clock(span[0] + (hour + 1) * 3600)}")
        kept_up = _kept_up(prometheus, span, from_s, speed)
        stalls = _stalls(prometheus, span, from_s, speed)
        scraped = _fired(prometheus, span, from_s, speed, stalls)
        machine_s = lambda at_s: from_s + (at_s - span[0]) / speed  # noqa: E731
        beyond.append(_beyond(prometheus.address, tested, machine_s, floors.STEP_S / speed))
    inside = {
        part: [held for day in tested for held in its.get(day, []) if held[0] < span[1]]
        for part, its in replayed.items()
    }
    found = list(pairing.pairs(inside, scraped))
    for pair in found:
        pair.why = pairing.why(pair, beyond)
    return Outcome(found, *kept_up, stalls)


def _recorded(address: str, days: range) -> Iterator[Series]:
    """What was recorded on some days and is looked back at later, with the marks of where it ended."""
    rules, alert = replaying.rules_for(methods.ALERT)
    needed = replaying.looked_back_at([*rules, alert])
    for day in days:
        # As long as anything was recorded: the offset an hour more on both sides.
        length_s, ends_s = floors.STEPS * floors.STEP_S + 7200, floors.times(day)[-1] + 3600
        for name in sorted(needed):
            for one in replaying.samples(address, f"{name}[{length_s}s]", ends_s):
                named = tuple(sorted({"__name__": name, **one.metric}.items()))
                times = [at for at, _ in one.values]
                step_s = round(min((b - a for a, b in pairwise(times)), default=floors.STEP_S))
                yield named, replaying.with_ends(one.values, step_s)


def _faster(series: Iterable[Series], floor_s: float, from_s: float, speed: int) -> Iterator[Series]:
    """The same in the time of a Prometheus whose clock shows ``from_s`` when the floor's shows ``floor_s``."""
    for labels, runs in series:
        yield (
            labels,
            [
                (round(from_s * 1000 + (at_ms - floor_s * 1000) / speed), step_ms // speed, values)
                for at_ms, step_ms, values in runs
            ],
        )


def _stalls(prometheus: LivePrometheus, span: Alert, from_s: float, speed: int) -> list[Alert]:
    """When nothing could be scraped for more than two minutes of the floor, since the machine had no time for it."""
    length_s = math.ceil((span[1] - span[0]) / speed)
    (up,) = replaying.samples(prometheus.address, f"up[{length_s}s]", from_s + length_s)
    at = [span[0] + (float(at) - from_s) * speed for at, value in up.values if value == "1"]
    return [(one, other) for one, other in pairwise(at) if other - one > 120]


def _fired(
    prometheus: LivePrometheus, span: Alert, from_s: float, speed: int, stalls: list[Alert]
) -> dict[methods.Part, list[Alert]]:
    """From when to when alerts fired in the scraping Prometheus, in the floor's time."""
    length_s = math.ceil((span[1] - span[0]) / speed)
    question = f'ALERTS{{alertname="{methods.ALERT}",alertstate="firing"}}[{length_s}s]'
    found: dict[methods.Part, list[Alert]] = defaultdict(list)
    for one in replaying.samples(prometheus.address, question, from_s + length_s):
        held = found[methods.part_of(one.metric)]
        for at, _ in one.values:
            floor_s = span[0] + (at - from_s) * speed
            # Seen again within three looks, or after none could be taken: the same one.
            is_stall = held and any(one - 120 <= held[-1][1] and floor_s <= other + 120 for one, other in stalls)
            if held and (floor_s - held[-1][1] < 4 * floors.STEP_S or is_stall):
                held[-1] = held[-1][0], floor_s
            else:
                held.append((floor_s, floor_s))
    return {part: sorted(held) for part, held in found.items()}


def _beyond(address: str, days: range, machine_s: Callable[[float], float], step_s: float) -> Beyond:
    """How far parts were beyond their thresholds; ``machine_s`` gives the server's time for the floor's."""
    found: Beyond = defaultdict(list)
    for day in days:
        when = floors.times(day)
        for one in replaying.asked(address, _HELD, machine_s(when[0]), machine_s(when[-1]), step_s):
            values = [
                (when[0] + round((float(at) - machine_s(when[0])) / step_s) * floors.STEP_S, float(value))
                for at, value in one.values
            ]
            found[methods.part_of(one.metric)] += values
    return found


def _kept_up(prometheus: LivePrometheus, span: Alert, from_s: float, speed: int) -> tuple[float, float, float, float]:
    """Scrapes that succeeded and those due, looks of the alert's group and those due."""
    length_s = math.ceil((span[1] - span[0]) / speed)
    counts = []
    for question in (f"sum_over_time(up[{length_s}s])", f"count_over_time(site:dialer_site_open:max[{length_s}s])"):
        at_s = from_s + length_s
        counts.append(
            sum(float(one.values[0][1]) for one in replaying.asked(prometheus.address, question, at_s, at_s, 1))
        )
    due = span[1] - span[0]
    return counts[0], due / 15, counts[1], due / floors.STEP_S


def main() -> int:
    """Prints the comparison; exit 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trial.scraping", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--teams", type=int, default=2, help="teams of each size")
    parser.add_argument("--first", type=int, default=1, help="day of the tested week to begin with; 1: Monday")
    parser.add_argument("--days", type=int, default=5, help="to scrape from that day on")
    parser.add_argument("--speed", type=int, default=200, help="times as fast as real time")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    find_unpacked()
    rng = random.Random(chosen.seed)
    teams = [
        sizes.some_team(f"t{size}-{number}", size, rng)
        for size in measuring.LIMIT_MINUTES
        for number in range(chosen.teams)
    ]
    tested = sizes.TESTED[chosen.first - 1 :][: chosen.days]
    span = (floors.first_s(tested[0]) - 1200.0, floors.times(tested[-1])[-1] * 1.0)
    with tempfile.TemporaryDirectory() as folder:
        print(compared(Path(folder), teams, tested, span, chosen.speed, rng, lambda line: print(line, file=sys.stderr)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
