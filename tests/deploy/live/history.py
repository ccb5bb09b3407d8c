"""The time before a live scene: real scrapes of the real worker, taken as fast as it folds what they are to show."""

import re
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.parser import text_string_to_metric_families

from streams.producing import FactProducer, Outgoing
from tests.deploy.live import faster
from tests.deploy.live.floor_clock import FloorClock
from tests.deploy.prometheus_server import Prometheus
from tests.trial.remote_write import Labels, write
from tests.trial.replaying import Rule, evaluate

SCRAPED_EVERY_S = 30
"""Half as often as Prometheus would, since it takes time; windows of five minutes hardly mind."""
JOB = "dialpulse-worker"
FIRST = ("thresholds.yml", "same-hour.yml")
"""The files that the others' rules read."""

_ASSIGNMENT = "dialpulse_assignment_timestamp_seconds"
_ASSIGNED_S = 1200

Scrape = tuple[float, str]
"""The floor's time, and the text of ``/metrics`` at it."""

_FOLDED = re.compile(r"^dialpulse_facts_total\{.*\} (\S+)$", re.MULTILINE)


class Pouring:
    """Facts of a floor, sent up to an instant of it and no further."""

    def __init__(self, facts: Iterable[Outgoing], producer: FactProducer, worker: str, clock: FloorClock) -> None:
        self._facts = iter(facts)
        self._next = next(self._facts)
        self._producer = producer
        self._url = f"http://{worker}/metrics"
        self._clock = clock
        self._sent = 0

    def skip(self, until_s: float) -> None:
        """Passes over what was said before."""
        while self._next.due_us < until_s * 1e6:
            self._next = next(self._facts)

    def scrape(self, floor_s: float) -> Scrape:
        """The worker's metrics at an instant of the floor, with all that was said until then."""
        self._clock.put(floor_s)
        while self._next.due_us <= floor_s * 1e6:
            self._producer.send(self._next)
            self._sent += 1
            self._next = next(self._facts)
        self._producer.flush()
        return floor_s, self._once_folded(self._sent)

    def await_more(self) -> None:
        """Returns once the worker has folded more than what was scraped: the floor goes on."""
        self._once_folded(self._sent + 1)

    def _once_folded(self, facts: int) -> str:
        give_up = time.monotonic() + 60
        while True:
            # An address of this machine.
            with urllib.request.urlopen(self._url, timeout=20) as answer:  # noqa: S310
                text = answer.read().decode()
            if sum(map(float, _FOLDED.findall(text))) >= facts:
                return text
            assert time.monotonic() < give_up, f"the worker did not fold {facts} facts"
            time.sleep(0.05)

    def rest(self) -> Iterable[Outgoing]:
        """What is said after that."""
        yield self._next
        yield from self._facts


class Samples:
    """Scrapes as series, ready to be stamped: parsed while there is time for it."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._names: dict[str, Labels] = {}
        self._series: dict[Labels, list[tuple[float, float]]] = defaultdict(list)

    def add(self, scrape: Scrape) -> None:
        """One more scrape, later than those before."""
        floor_s, text = scrape
        self._series[self._labels("up", {})].append((floor_s, 1.0))
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            series, _, value = line.rpartition(" ")
            labels = self._names.get(series)
            if labels is None:
                ((sample,),) = (family.samples for family in text_string_to_metric_families(line + "\n"))
                labels = self._names[series] = self._labels(sample.name, sample.labels)
            self._series[labels].append((floor_s, float(value)))

    def _labels(self, name: str, labels: dict[str, str]) -> Labels:
        whole = {"__name__": name, "job": JOB, "instance": self._worker, **labels}
        return tuple(sorted((label, value) for label, value in whole.items() if value))

    def put(self, prometheus: Prometheus, stamp_s: Callable[[float], float]) -> None:
        """Gives them to Prometheus as if it had taken them at the instants that ``stamp_s`` makes of theirs."""
        step_ms = round((stamp_s(SCRAPED_EVERY_S) - stamp_s(0)) * 1000)
        # In this past the worker has had its partitions for a while.
        assigned_s = stamp_s(min(floor_s for samples in self._series.values() for floor_s, _ in samples) - _ASSIGNED_S)
        for labels, samples in self._series.items():
            if ("__name__", _ASSIGNMENT) in labels:
                samples[:] = [(floor_s, assigned_s) for floor_s, _ in samples]
        stamped = (
            (labels, [(round(stamp_s(floor_s) * 1000), step_ms, values) for floor_s, values in _runs(samples)])
            for labels, samples in self._series.items()
        )
        write(prometheus.address, stamped)


def _runs(samples: list[tuple[float, float]]) -> Iterator[tuple[float, list[float]]]:
    """Values of scrapes that followed each other, with the time of the first."""
    values: list[float] = []
    begun_s = 0.0
    for floor_s, value in samples:
        if values and floor_s != begun_s + len(values) * SCRAPED_EVERY_S:
            yield begun_s, values
            values = []
        if not values:
            begun_s = floor_s
        values.append(value)
    yield begun_s, values


def put_rules_history(prometheus: Prometheus, speed: int, begins_s: int, ends_s: int) -> None:
    """What the recording rules would have recorded between two instants of Prometheus: its own answers, in order."""
    for _, groups in sorted(faster.groups(speed).items(), key=lambda file: file[0] not in FIRST):
        for rule in (rule for group in groups for rule in group["rules"] if "record" in rule):
            named = Rule(rule["record"], rule["expr"], rule.get("labels", {}), 30 // speed)
            evaluate(prometheus.address, named, begins_s, ends_s, 30 // speed)
