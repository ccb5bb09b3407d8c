"""`dialpulse worker --workers N` on a stage: the command that users type, its processes and what they say."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from streams.ports import any_free
from tests.bench.ours import ASSIGNED
from tests.bench.programs import SLOW_S, Program, running
from tests.bench.stage import Stage, wait
from tests.workers import environment, share_of


class Crew(Program):
    """So many workers, at as many ports."""

    def __init__(self, stage: Stage, workers: int, log: Path) -> None:
        first = any_free("127.0.0.1")
        self.workers = workers
        self._addresses = [f"127.0.0.1:{first + number}" for number in range(workers)]
        line = [sys.executable, "-m", "streams.commands", "worker", "--workers", str(workers)]
        own = {"DIALPULSE_WORKER_HTTP": self._addresses[0], "DIALPULSE_INSTANCE_ID": "bench-crew"}
        super().__init__("ours", line, environment(stage.settings) | own, ASSIGNED, log)

    def pids(self) -> list[int]:
        """The workers' process ids."""
        self.insist()
        return sorted(child.pid for child in psutil.Process(self.pid).children())

    def shares(self) -> list[int]:
        """How many partitions each worker that is ready serves, by its own word."""
        self.insist()
        return [share for share in map(share_of, self._addresses) if share]

    def wait_until_shared(self, partitions: int) -> None:
        """Returns once every worker is ready and has some of the partitions, and together they have all."""

        def shared() -> bool:
            shares = self.shares()
            return len(shares) == self.workers and sum(shares) == partitions

        wait(shared, "the workers did not share the partitions", SLOW_S, pause_s=0.02)

    def wait_until_ready(self) -> None:
        """Returns once as many workers are ready as the command was told to run."""
        wait(lambda: len(self.shares()) == self.workers, "the workers were not ready", SLOW_S, pause_s=0.01)

    def end(self, pid: int, number: signal.Signals) -> None:
        """Sends one worker a signal that ends it, and returns once it has ended."""
        os.kill(pid, number)
        wait(lambda: pid not in self.pids(), "the worker lives on", SLOW_S, pause_s=0.002)


@contextmanager
def crew(stage: Stage, workers: int) -> Iterator[Crew]:
    """So many workers under one command, stopped at the end."""
    with running(lambda log: Crew(stage, workers, log)) as started:
        yield started
