"""Real worker processes for tests: started on a test's settings, awaited until they are ready, ended with the test."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from streams import topics
from streams.ports import any_free
from streams.settings import Settings, variables

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 20.0
PRODUCT = ("streams.commands", "worker", "--unsupervised")


def environment(settings: Settings) -> dict[str, str]:
    """The variables under which another process has the same settings."""
    return {**os.environ, **changed_variables(settings)}


def changed_variables(settings: Settings) -> dict[str, str]:
    """Those of them that are not this process's own."""
    return variables(settings, settings.model_fields_set)


def share_of(address: str) -> int:
    """How many partitions the worker at this address serves, by its own word: 0 while it is not ready."""
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
            return int(answer.read().split()[1])
    except (urllib.error.URLError, OSError):
        return 0


def waited_s(pid: int) -> float:
    """Seconds for which a process's first thread was ready to run, and others had the processors."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


class Worker:
    """One worker process, unsupervised. ``address`` serves its metrics and health; ``log`` is its standard error."""

    def __init__(self, settings: Settings, folder: Path, module: Sequence[str] = PRODUCT) -> None:
        self.address = f"127.0.0.1:{any_free('127.0.0.1')}"
        self.log = folder / f"worker-{self.address.rpartition(':')[2]}.log"
        line = [sys.executable, "-m", *module]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                line,
                env=environment(settings) | {"DIALPULSE_WORKER_HTTP": self.address},
                stdout=log,
                stderr=log,
            )

    def is_ready(self) -> bool:
        """Whether it says that it is recovered, assigned and flushing."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def share(self) -> int:
        """How many partitions it serves, by its own word: 0 while it is not ready."""
        return share_of(self.address)

    def wait_until_ready(self) -> None:
        """Returns once it is ready; fails with its log where it ends or takes too long."""
        give_up = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            assert self.process.poll() is None, f"the worker ended with {self.process.returncode}:\n{self.said()}"
            assert time.monotonic() < give_up, f"the worker was not ready in time:\n{self.said()}"
            time.sleep(0.1)

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> int:
        """Stops it as an operator would, with SIGTERM; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker did not stop:\n{self.said()}") from None

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running_worker(
    settings: Settings, folder: Path, module: Sequence[str] = PRODUCT, *, apply: bool = True
) -> Iterator[Worker]:
    """Topics made, and a worker that is ready; it is stopped on leaving, unless the test ended it.

    ``module``: another module to run than the product's command, with its arguments.
    """
    if apply:
        topics.apply(settings)
    worker = Worker(settings, folder, module)
    try:
        worker.wait_until_ready()
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.stop()
