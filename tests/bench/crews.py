"""Several workers of one machine: what two do against one, how soon one that was killed is ready
again, and how soon the others have the partitions of one that is stopped.

`python -m tests.bench.crews --facts 1000000`
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from streams.errors import UserError
from streams.ports import any_free
from tests.bench.filling import fill, stage_for
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.stage import CALLS, Reader, Stage, wait
from tests.bench.workload import Floor
from tests.integration.pipeline_rig import pouring, published
from tests.workers import environment

KILLS = 3
STOPS, SETTLED_S = 4, 9.0
RATE, OPERATORS = 200, 120
SAID = re.compile(r"restored (\S+): (\d+) changelog rows in ([\d.]+) s")


@dataclass(frozen=True)
class Shared:
    """What so many workers took for all facts: seconds of the clock, and of processors by workers and broker."""

    workers: int
    facts: int
    wall_s: float
    cpu_s: float
    broker_cpu_s: float
    shares: list[float]

    def line(self) -> str:
        """For a person."""
        shares = ", ".join(f"{each:.1f}" for each in self.shares)
        return (
            f"{self.workers} workers: {self.facts / self.wall_s:,.0f} facts/s, {self.facts / self.cpu_s:,.0f} facts "
            f"per CPU-second (by worker {shares} CPU-s; the broker {self.broker_cpu_s:.1f}) in {self.wall_s:.1f} s"
        )


class Crew:
    """`dialpulse worker --workers N`, at N ports from ``first`` on."""

    def __init__(self, stage: Stage, workers: int, folder: Path) -> None:
        self._stage = stage
        self.first, self.workers = any_free("127.0.0.1"), workers
        self.log = folder / "workers.log"
        line = [sys.executable, "-m", "streams.commands", "worker", "--workers", str(workers)]
        own = {"DIALPULSE_WORKER_HTTP": f"127.0.0.1:{self.first}", "DIALPULSE_INSTANCE_ID": "bench-crew"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(line, env=environment(stage.settings) | own, stdout=log, stderr=log)

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    def pids(self) -> list[int]:
        """The workers' process ids."""
        return sorted(child.pid for child in psutil.Process(self.process.pid).children())

    def is_ready(self) -> bool:
        """Whether every worker is; UserError where the command has ended."""
        if self.process.poll() is not None:
            raise UserError(f"the workers ended: {self.said()[-1000:]}", exit_code=1)
        try:
            for port in range(self.first, self.first + self.workers):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                    pass
        except (urllib.error.URLError, OSError):
            return False
        return True

    def is_done(self, facts: int) -> bool:
        """Whether all facts are committed."""
        settings = self._stage.settings
        with Reader(self._stage.kafka, settings.group) as reader:
            return reader.committed(settings.topic(CALLS), settings.partitions) >= facts


@contextmanager
def crew(stage: Stage, workers: int) -> Iterator[Crew]:
    """So many workers under one command, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="dialpulse-bench-") as folder:
        running = Crew(stage, workers, Path(folder))
        try:
            yield running
        finally:
            running.process.terminate()
            running.process.wait(60)


def share(stage: Stage, running: Crew, facts: int) -> Shared:
    """Lets a crew that has just been started take all facts, from the moment when the first of it is assigned."""
    wait(lambda: len(running.pids()) == running.workers, "the workers did not start", within_s=600)
    wait(
        lambda: "partitions of this worker" in running.said(),
        "the workers got no partitions",
        within_s=600,
        pause_s=0.02,
    )
    pids, broker = running.pids(), stage.stack.kafka_pid
    began, before, broker_before = time.monotonic(), [cpu_seconds(pid) for pid in pids], cpu_seconds(broker)
    wait(lambda: running.is_done(facts), "the workers were not done", within_s=1_800, pause_s=0.2)
    if running.pids() != pids:
        raise UserError("a worker was started again meanwhile, so nothing was measured; see its log", exit_code=1)
    spent = [cpu_seconds(pid) - then for pid, then in zip(pids, before, strict=True)]
    wall_s = time.monotonic() - began
    return Shared(running.workers, facts, wall_s, sum(spent), cpu_seconds(broker) - broker_before, spent)


def recover(running: Crew) -> str:
    """Kills the one worker as a crash would, and waits until its successor says that it is ready."""
    wait(running.is_ready, "the worker was not ready", within_s=600)
    [pid] = running.pids()
    before, at = len(running.said()), time.monotonic()
    os.kill(pid, signal.SIGKILL)
    wait(lambda: pid not in running.pids(), "the worker lives on", pause_s=0.002)
    wait(running.is_ready, "the worker was not ready again", within_s=600, pause_s=0.01)
    took = time.monotonic() - at
    [heir] = running.pids()
    restored = ", ".join(
        f"{name} {float(s):.1f} s of {rows} rows" for name, rows, s in SAID.findall(running.said()[before:])
    )
    waited = _waited(heir)
    return (
        f"kill -9 to ready: {took:.1f} s, of which it waited {waited:.1f} s for a processor that others had; "
        f"{cpu_seconds(heir):.1f} CPU-seconds; {memory_mib(heir):.0f} MiB; restored {restored}"
    )


def hand_over(stage: Stage, running: Crew) -> Iterator[str]:
    """Stops one worker after the other as an operator would, but the last, while facts come in."""
    wait(running.is_ready, "the workers were not ready", within_s=600)
    stops: list[tuple[float, float, float]] = []
    with pouring(stage.settings, RATE, OPERATORS):
        time.sleep(SETTLED_S)
        while len(pids := running.pids()) > 1:
            before = [_waited(pid) for pid in pids[:-1]]
            stop = time.time()
            os.kill(pids[-1], signal.SIGTERM)
            wait(lambda gone=pids[-1]: gone not in running.pids(), "the worker lives on", pause_s=0.01)  # type: ignore[misc]
            end = time.time()
            time.sleep(SETTLED_S)
            waited = max(_waited(pid) - then for pid, then in zip(pids[:-1], before, strict=True))
            stops.append((stop, end, waited / (time.time() - stop)))
    times = published(stage.settings).values()
    for stop, end, waited in stops:
        over = max(next(at for at in each if at > end) for each in times) - stop
        yield (
            f"SIGTERM to every partition published by others: {over:.2f} s, the process gone after {end - stop:.2f} s; "
            f"the others waited {waited:.0%} of the time for a processor"
        )


def _waited(pid: int) -> float:
    """Seconds for which a process was ready to run and had no processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def main() -> int:
    """Fills, measures, tells."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.crews", description=__doc__)
    parser.add_argument("--facts", type=int, default=Floor().facts)
    parser.add_argument("--folder", type=Path, help="keep Kafka's data there, and use a fill that is there again")
    given = parser.parse_args()
    with stage_for(given.folder, lambda words: print(words, file=sys.stderr, flush=True)) as stage:
        floor = Floor(given.facts)
        fill(stage, floor)
        for workers in (2, 1):
            stage.empty()
            with crew(stage, workers) as running:
                print(share(stage, running, floor.facts).line(), flush=True)
                for _ in range(KILLS if workers == 1 else 0):
                    print(recover(running), flush=True)
        stage.empty(keep=())
        with crew(stage, STOPS + 1) as running:
            for line in hand_over(stage, running):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
