"""Several workers of one command: what two do against one, and how soon the others have what a stopped one had."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from streams.engine.engine import HEARTBEAT
from streams.errors import UserError
from tests.bench import ours
from tests.bench.crew import Crew, crew
from tests.bench.processes import cpu_seconds
from tests.bench.recount import Recount
from tests.bench.stage import CALLS, Reader, Stage
from tests.integration.pipeline_rig import calls_in_turn, pouring, published
from tests.workers import waited_s

STOPS = 3
SETTLED_S = 5.0
RATE, OPERATORS = 400, 160


@dataclass(frozen=True)
class Shared:
    """So many workers, from the moment when each had its share until all was committed."""

    workers: int
    facts: int
    wall_s: float
    cpu_s: float
    others_cpu_s: float
    waited: float
    """Share of the time for which the worker that waited most had no processor, though it had something to do."""

    @property
    def rate(self) -> float:
        """Facts a second."""
        return self.facts / self.wall_s


def share(stage: Stage, counted: Recount, workers: int) -> Shared:
    """Lets so many take all facts; what the first ones had taken before the last one came is not counted."""
    stage.empty()
    with crew(stage, workers) as running:
        running.wait_until_shared(stage.settings.partitions)
        pids, others = running.pids(), stage.pids
        began, left = time.monotonic(), counted.facts - _committed(stage)
        cpu, others_cpu, waits = _cpu(pids), _cpu(others), [waited_s(pid) for pid in pids]
        running.wait_until_committed(stage, stage.settings.group, counted.facts)
        wall_s = time.monotonic() - began
        if running.pids() != pids or left <= 0:
            raise UserError("a worker was started again, or had nothing left to do: nothing was measured", exit_code=1)
        waited = max(waited_s(pid) - before for pid, before in zip(pids, waits, strict=True)) / wall_s
        spent, others_spent = _cpu(pids) - cpu, _cpu(others) - others_cpu
        ours.wait_until_done(stage, counted, running)
    ours.insist_on_records(stage, counted)
    return Shared(workers, left, wall_s, spent, others_spent, waited)


def _cpu(pids: list[int]) -> float:
    return sum(map(cpu_seconds, pids))


def _committed(stage: Stage) -> int:
    settings = stage.settings
    with Reader(stage.kafka, settings.group) as reader:
        return reader.committed(settings.topic(CALLS), settings.partitions)


@dataclass(frozen=True)
class HandedOver:
    """Seconds from SIGTERM until the process was gone, and until the last partition was published by others."""

    gone_s: float
    published_s: float
    waited: float


def hand_over(stage: Stage) -> Iterator[HandedOver]:
    """Stops one worker after the other as an operator would, but the last, while facts come in."""
    stage.empty(keep=())
    with crew(stage, STOPS + 1) as running:
        running.wait_until_shared(stage.settings.partitions)
        with pouring(stage.settings, calls_in_turn(OPERATORS), RATE):
            time.sleep(SETTLED_S)
            stops = [_stop_one(running) for _ in range(STOPS)]
    times = published(stage.settings).values()
    for stopped, gone_s, waited in stops:
        over = max(_silent_until(each, stopped, stopped + gone_s + HEARTBEAT) for each in times)
        yield HandedOver(gone_s, over - stopped, waited)


def _stop_one(running: Crew) -> tuple[float, float, float]:
    *rest, last = running.pids()
    before = [waited_s(pid) for pid in rest]
    stopped = time.time()
    running.end(last, signal.SIGTERM)
    gone_s = time.time() - stopped
    time.sleep(SETTLED_S)
    waits = [waited_s(pid) - then for pid, then in zip(rest, before, strict=True)]
    return stopped, gone_s, max(waits) / (time.time() - stopped)


def _silent_until(times: list[float], stopped: float, left: float) -> float:
    """The end of a partition's longest silence that began until all others had heard that a worker has left."""
    gaps = [(at, following) for at, following in pairwise(times) if following > stopped and at < left]
    return max(gaps, key=lambda gap: gap[1] - gap[0])[1]
