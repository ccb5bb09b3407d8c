"""The worker's notable happenings: each is one function here, which owns its log line and its counter."""

import logging
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from operator import add

from faust.types import TP

from processors.page import Acceptance
from processors.times import SECOND_US
from schemas.metrics import BY_NAME
from schemas.rejections import Reason
from streams.counters import FloorCounters, Labels
from streams.ledgers.intake import BatchNews

log = logging.getLogger("dialpulse")


class Histogram:
    """Counts of observations by upper bound, as Prometheus has them."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """One more observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add(self, counts: list[int], total: float) -> None:
        """Many more observations: how many by each upper bound and beyond the last, and their sum."""
        self.counts = list(map(add, self.counts, counts))
        self.sum += total


_DELAY = "dialpulse_fact_delay_seconds"
DELAY_BOUNDS_US = tuple(round(bound * SECOND_US) for bound in BY_NAME[_DELAY].buckets)
"""The upper bounds by which delays of facts are counted, microseconds."""

_RESULT = {
    Acceptance.ACCEPTED: "accepted",
    Acceptance.REPLACED: "accepted",
    Acceptance.DUPLICATE: "duplicate",
    Acceptance.SUPERSEDED: "superseded",
}


class Telemetry:
    """Counts and logs. Also hears the engine (``EngineEvents``) and the Redis sink (``SinkEvents``).

    ``taken_over`` is called when this worker's partitions are restored and flow.
    """

    def __init__(self, taken_over: Callable[[], None]) -> None:
        self._taken_over = taken_over
        self.counters = FloorCounters()
        self.gauges: dict[str, dict[Labels, float]] = defaultdict(dict)
        self.histograms: dict[str, dict[Labels, Histogram]] = defaultdict(dict)

    def _count(self, name: str, labels: Labels, by: float = 1) -> None:
        self.counters.values[name][labels] += by

    def _histogram(self, name: str, labels: Labels) -> Histogram:
        found = self.histograms[name].get(labels)
        if found is None:
            found = self.histograms[name][labels] = Histogram(BY_NAME[name].buckets)
        return found

    def _observe(self, name: str, labels: Labels, value: float) -> None:
        self._histogram(name, labels).observe(value)

    # Facts

    def folded(self, topic: str, news: BatchNews, last_s: float) -> None:
        """A batch of a fact topic was folded; its last record lay there at ``last_s`` (epoch seconds)."""
        for acceptance, result in _RESULT.items():
            if news.results[acceptance]:
                self._count("dialpulse_facts_total", (topic, result), news.results[acceptance])
        if any(news.delays):
            self._histogram(_DELAY, (topic,)).add(news.delays, news.delay_us / SECOND_US)
        if news.late:
            self._count("dialer_late_total", (_KIND[topic],), news.late)
        last = self.gauges["dialpulse_last_fact_timestamp_seconds"]
        last[topic,] = max(last_s, last.get((topic,), 0.0))  # another partition may be further back

    def rejected(self, topic: str, reason: Reason) -> None:
        """A record goes to the rejected topic."""
        self._count("dialpulse_facts_total", (topic, "rejected"))
        self._count("dialpulse_rejected_total", (topic, str(reason)))

    def forwarded(self, topic: str) -> None:
        """A record lay under another key or in another partition than its owner's, and is sent there."""
        self._count("dialpulse_facts_total", (topic, "forwarded"))

    # The engine

    def flushed(self, seconds: float, records: int) -> None:
        """A flush was acknowledged."""
        self._observe("dialpulse_flush_seconds", (), seconds)

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """Offsets were committed: nothing to say."""

    def commit_refused(self, reason: str) -> None:
        """A rebalance came before a commit."""
        log.info("a commit came too late for a rebalance; the same facts will be read again: %s", reason)

    def lease_not_renewed(self) -> None:
        """No proof of membership could be had."""
        log.warning("the group has not confirmed this worker's membership; nothing is written until it does")

    def rebalanced(self, partitions: frozenset[int], generation: int) -> None:
        """The group gave this worker its partitions."""
        log.info("partitions of this worker: %s (group generation %d)", sorted(partitions), generation)
        self.gauges["dialpulse_assignment_timestamp_seconds"][()] = time.time()
        self._taken_over()

    def restored(self, table: str, rows: int, seconds: float) -> None:
        """A table was read back."""
        log.info("restored %s: %d changelog rows in %.1f s", table, rows, seconds)

    def expired(self, partition: TP, first: int, following: int) -> None:
        """Retention removed records before they were read."""
        log.error(
            "%s-%d: records %d to %d expired before they were read; restate what they said, and run workers more often",
            partition.topic, partition.partition, first, following - 1,
        )  # fmt: skip

    def given_back(self, partition: TP, records: int) -> None:
        """Records came for a paused partition and will be fetched again."""
        log.debug("%d records of %s given back", records, partition)

    def stopped(self, reason: str) -> None:
        """The engine failed."""
        log.error("the worker stops, and what is not committed is done again: %s", reason)

    # Redis

    def wrote(self, count: int, seconds: float) -> None:
        """Redis took a round of records."""
        self._observe("dialpulse_redis_write_seconds", (), seconds)

    def away(self, reason: str) -> None:
        """Redis takes no writes; the stream goes on."""
        log.warning("Redis is away, boards will be stale: %s", reason)

    def back(self) -> None:
        """Redis takes writes again."""
        log.info("Redis is back; everything unexpired is written again")

    def came_back_empty(self) -> None:
        """Redis had lost its records."""
        log.warning("Redis came back empty; everything unexpired is written again")

    def refused(self, count: int, reason: str) -> None:
        """Redis refused single records."""
        log.warning("Redis refused %d records, which are tried again: %s", count, reason)


_KIND = {
    "dialer.calls.v1": "call",
    "dialer.conversations.v1": "conversation",
    "dialer.appointments.v1": "appointment",
    "dialer.sales.v1": "sale",
    "dialer.presence.v1": "presence",
}
