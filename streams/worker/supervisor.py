"""Starts a worker again when it ended by design: it stops rather than write a wrong number, and goes on from there."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from types import FrameType

import click

from streams.errors import UserError

log = logging.getLogger("dialpulse")

_PR_SET_PDEATHSIG = 1
USED_WRONGLY = 2
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
SOUND_AFTER_S = 60.0
"""A worker that ran so long was sound: the next pause is short again."""


class Supervisor:
    """Runs one command until it ends for good: as asked, or by a wrong setting (exit 2), which a restart cannot mend.

    ``told`` hears of every restart (exit code, pause in seconds).
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        told: Callable[[int, float], None] | None = None,
    ) -> None:
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._told = told or _log_restart
        self._child: subprocess.Popen[bytes] | None = None
        # No Event: a signal handler that sets one while this very thread is about to wait for it waits for ever.
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._is_ending = False
        self.restarts = 0
        self.ended: int | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the worker that runs now."""
        return None if self._child is None else self._child.pid

    def run(self) -> int:
        """Runs until asked to stop, or until it ends for good; the last exit code, also in ``ended``."""
        self.ended = self._run()
        return self.ended

    def _run(self) -> int:
        pause = FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            child = self._child = subprocess.Popen(self._command, env=self._environment)
            if self._is_ending:  # asked between two starts
                child.terminate()
            code = child.wait()
            if self._is_ending or code in (0, USED_WRONGLY):
                return code
            if time.monotonic() - started > SOUND_AFTER_S:
                pause = FIRST_PAUSE_S
            self.restarts += 1
            self._told(code, pause)
            if self._is_asked_within(pause):
                return code
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _is_asked_within(self, seconds: float) -> bool:
        try:
            self._asked.get(timeout=seconds)
        except Empty:
            return False
        return True

    def stop(self) -> None:
        """Asks the worker to stop; `run` then returns. Safe in a signal handler."""
        self._is_ending = True
        self._asked.put(None)
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop the worker gracefully."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, handle)


def _log_restart(code: int, pause: float) -> None:
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
    log.warning("the worker %s; starting it again in %.1f s", ended, pause)


def worker_command(supervisor: int) -> list[str]:
    """The command line of one worker that ends with its supervisor (a process id)."""
    return [sys.executable, "-m", "streams.commands", "worker", "--supervised-by", str(supervisor)]


def board_command(supervisor: int) -> list[str]:
    """The command line of a board that ends with its supervisor (a process id)."""
    return [sys.executable, "-m", "streams.commands", "board", "--supervised-by", str(supervisor)]


def end_with(supervisor: int) -> None:
    """This process is told to stop (SIGTERM) when its supervisor ends, whatever way that ends.

    Raises UserError where that has happened already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        raise UserError("the process that started this one has ended; start it again", exit_code=1)


supervised_by = click.option(
    "--supervised-by", type=int, hidden=True, help="Process id of the supervisor, with which this process ends."
)
"""The option by which a supervisor says who it is."""
