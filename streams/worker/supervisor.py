"""Starts workers again when they ended by design: one stops rather than write a wrong number, and goes on after it."""

import ctypes
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

import click

from streams.errors import UserError

log = logging.getLogger("dialpulse")

_PR_SET_PDEATHSIG = 1
USED_WRONGLY = 2
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 15.0
SOUND_AFTER_S = 60.0
"""A worker that ran so long was sound: the next pause is short again."""
_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_LOOK_S = 0.1
"""Seconds between two looks at processes where the kernel does not tell of their end."""


class Child(Protocol):
    """A process that was started: `subprocess.Popen`, or a fork of this one."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def poll(self) -> int | None:
        """Its exit code, that of a signal negative; None while it runs."""

    def terminate(self) -> None:
        """Asks it to end."""


Start = Callable[[], Child]
"""Starts a process."""


def program(command: Sequence[str], environment: Mapping[str, str]) -> Start:
    """Starts a command line, with these variables beside those of this process."""
    return lambda: subprocess.Popen(list(command), env={**os.environ, **environment})


class Forked:
    """A child that is a copy of this process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """As `Popen.poll`."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def terminate(self) -> None:
        """As `Popen.terminate`."""
        if self._code is None:
            os.kill(self.pid, signal.SIGTERM)


class Begun(BaseException):
    """Raised in a new process by the supervisor that forked it: from here on it goes its own way."""


def fork() -> Child:
    """Starts a copy of this process, in which `Begun` is raised: what is imported need not be imported again.

    The process must have one thread only. The copy ends with its parent.
    """
    parent = os.getpid()
    # A signal that comes between the fork and the reset would be taken by the parent's handler, in the child.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    pid = os.fork()
    if not pid:
        for number in _ENDINGS:
            signal.signal(number, signal.SIG_DFL)
        # Ctrl-C in a terminal goes to a whole group; the child is to hear of it once, from its parent.
        os.setpgrp()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
    if not pid:
        end_with(parent)
        raise Begun
    return Forked(pid)


class _Member:
    """One process under supervision, by its number, from 1 on."""

    def __init__(self, number: int, start: Start) -> None:
        self.number = number
        self._start = start
        self._pause = FIRST_PAUSE_S
        self._started = 0.0
        self.child: Child | None = None
        self.code = 0
        self.due: float | None = 0.0
        """When it is to be started, by the monotonic clock; None while it runs, and once it has ended for good."""

    def start(self) -> None:
        self.due, self._started = None, time.monotonic()
        self.child = self._start()

    def crashed(self) -> float:
        """It is to be started again after a pause, which this gives."""
        now = time.monotonic()
        if now - self._started > SOUND_AFTER_S:
            self._pause = FIRST_PAUSE_S
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_S)
        self.due = now + pause
        return pause


class Supervisor:
    """Runs processes until they end for good: as asked (0), or by a wrong setting (2), which a restart cannot mend.

    One that crashes is started again, by itself; a wrong setting of one ends them all. ``told`` hears of every restart
    (number of the process from 1 on, exit code, pause in seconds).
    """

    def __init__(self, starts: Sequence[Start], told: Callable[[int, int, float], None] | None = None) -> None:
        self._members = [_Member(number, start) for number, start in enumerate(starts, 1)]
        self._told = told or self._log_restart
        # A byte in it wakes the wait; writing one is all that a signal handler need do.
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._asks = self._asked = 0
        self._several = len(starts) > 1
        self.restarts = 0
        self.ended: int | None = None

    def __del__(self) -> None:
        for end in (self._woken, self._wake):
            with suppress(OSError):
                os.close(end)

    @property
    def pids(self) -> list[int]:
        """The process ids of those that run now."""
        return [child.pid for member in self._members if (child := member.child) is not None]

    def run(self) -> int:
        """Runs until asked to stop, or until all have ended for good; the exit code, also in ``ended``.

        It is 2 after a wrong setting, else the first that is not 0.
        """
        codes: list[int] = []
        while self._members:
            self._start_due()
            self._wait()
            while self._asked < self._asks:  # a second time, they end at once
                self._ask()
            for member in list(self._members):
                ended = None if member.child is None else member.child.poll()
                if ended is not None:
                    self._after(member, ended)
                if member.child is None and (self._is_ending or member.due is None):
                    self._members.remove(member)
                    codes.append(member.code)
        self.ended = USED_WRONGLY if USED_WRONGLY in codes else next(filter(None, codes), 0)
        return self.ended

    @property
    def _is_ending(self) -> bool:
        return self._asks > 0

    def _start_due(self) -> None:
        for member in self._members:
            if not self._is_ending and member.due is not None and member.due <= time.monotonic():
                member.start()

    def _after(self, member: _Member, ended: int) -> None:
        """What follows of an exit."""
        member.child, member.code = None, ended
        if ended == USED_WRONGLY and not self._is_ending:
            self.stop()
        elif ended and not self._is_ending:
            self._told(member.number, ended, member.crashed())
            self.restarts += 1

    def _ask(self) -> None:
        self._asked += 1
        for member in self._members:
            if member.child is not None and member.child.poll() is None:
                member.child.terminate()

    def _wait(self) -> None:
        """Returns when one has ended, when one is due, or when asked to stop."""
        dues = [member.due for member in self._members if member.due is not None]
        left = max(0.0, min(dues) - time.monotonic()) if dues else None
        with _ends_of([member.child for member in self._members if member.child is not None]) as ends:
            if ends is None:
                left = _LOOK_S if left is None else min(left, _LOOK_S)
            select.select([self._woken, *(ends or ())], [], [], left)
        with suppress(BlockingIOError):
            os.read(self._woken, 1000)

    def stop(self) -> None:
        """Asks all to stop; `run` then returns. Safe in a signal handler."""
        self._asks += 1
        with suppress(BlockingIOError):
            os.write(self._wake, b".")

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop the workers gracefully."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.stop()

        for number in _ENDINGS:
            signal.signal(number, handle)

    def _log_restart(self, number: int, code: int, pause: float) -> None:
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        which = f"worker {number}" if self._several else "the worker"
        log.warning("%s %s; starting it again in %.1f s", which, ended, pause)


@contextmanager
def _ends_of(children: Sequence[Child]) -> Iterator[list[int] | None]:
    """Descriptors that can be read once these have ended; None where the kernel has no such thing."""
    if sys.platform != "linux":
        yield None
        return
    ends = [os.pidfd_open(child.pid) for child in children]
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


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
