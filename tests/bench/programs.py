"""A contender as a process of its own, and what it used between being given its partitions and its last commit."""

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from streams.errors import UserError
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.stage import Reader, Stage, Ticker, wait

LOOKED_EVERY_S = 0.02
SLOW_S = 600.0
"""How long a start, or a step, may take on a machine that others use too."""
P = TypeVar("P", bound="Program")


class Program:
    """A process that runs; ``assigned`` are the words by which it says that its partitions are its own."""

    def __init__(self, who: str, line: Sequence[str], environment: Mapping[str, str], assigned: str, log: Path) -> None:
        self.who = who
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(line, env=dict(environment), stdout=out, stderr=out, cwd=log.parent)
        self.pid = self.process.pid
        self.started = time.monotonic()
        try:
            wait(lambda: self.has_said(assigned), f"{who} got no partitions", SLOW_S, pause_s=0.01)
        except BaseException:
            self.stop()
            raise
        self._began, self._cpu_then = time.monotonic(), cpu_seconds(self.pid)

    def has_said(self, words: str) -> bool:
        """Whether its log has these words."""
        self.insist()
        return words in self.log.read_text(errors="replace")

    def wait_until_said(self, words: str) -> None:
        """Returns once its log has these words."""
        wait(lambda: self.has_said(words), f"{self.who} was not done", SLOW_S, pause_s=LOOKED_EVERY_S)

    def insist(self) -> None:
        """UserError with its last words where it has ended."""
        if self.process.poll() is not None:
            said = self.log.read_text(errors="replace")[-1000:]
            raise UserError(f"{self.who} ended with {self.process.returncode}: {said}", exit_code=1)

    def used(self) -> dict[str, float]:
        """CPU-seconds and seconds since it was assigned its partitions, and the most memory it ever had."""
        return {
            "cpu_s": cpu_seconds(self.pid) - self._cpu_then,
            "wall_s": time.monotonic() - self._began,
            "peak_mib": memory_mib(self.pid),
        }

    def wait_until_committed(self, stage: Stage, group: str, facts: int) -> None:
        """Returns once its group has committed all facts; asks Kafka only, never the program."""
        ticker = Ticker(stage.say, self.who, facts)
        with Reader(stage.kafka, group) as reader:
            while (done := reader.committed(stage.source, stage.settings.partitions)) < facts:
                self.insist()
                ticker.at(done)
                time.sleep(LOOKED_EVERY_S)

    def stop(self) -> None:
        """Ends it as an operator would."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def freeze(self) -> None:
        """Takes the processor from it, so that whatever comes now waits for its successor."""
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def program(who: str, line: Sequence[str], environment: Mapping[str, str], assigned: str) -> Iterator[Program]:
    """A program in a folder of its own, stopped at the end."""
    with running(lambda log: Program(who, line, environment, assigned, log)) as started:
        yield started


@contextmanager
def running(start: Callable[[Path], P]) -> Iterator[P]:
    """What is started, given where to log, in a folder of its own; stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="dialpulse-bench-", ignore_cleanup_errors=True) as folder:
        started = start(Path(folder) / "log.txt")
        try:
            yield started
        finally:
            started.stop()
