"""A server of the local stack: one program under its guard, started again when it dies."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from streams.errors import UserError
from streams.local import guard

Progress = Callable[[str], None]


class Server(ABC):
    """Runs one program; subclasses say which, and when it is ready.

    `pid` is the program's own process id, 0 while it does not run. Safe to use from several threads.
    """

    name = "server"
    start_seconds = 180.0
    stop_seconds = 30.0

    def __init__(self, folder: Path, port: int, held_fd: int, progress: Progress) -> None:
        self.folder = folder
        self.port = port
        self.pid = 0
        self.log_path = folder / "log.txt"
        # Inherited by guards, so that the folder's lock lasts until the last program has gone.
        self._held_fd = held_fd
        self._progress = progress
        self._guard: subprocess.Popen[bytes] | None = None
        self._changing = threading.RLock()
        self._wanted = False

    @abstractmethod
    def command(self) -> list[str]:
        """The program with its arguments; the first start may have to prepare the folder."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it serves."""

    def start(self) -> None:
        """Starts it and waits until it is ready; UserError with its last words where it will not."""
        with self._changing:
            if self.is_running():
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            self._spawn(self.command())
            self._wanted = True
            self._wait_until_ready()

    def stop(self) -> None:
        """Ends it in its own orderly way; it stays down."""
        with self._changing:
            self._wanted = False
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it with SIGKILL, as a crash would; what watches over it will start it again."""
        with self._changing:
            self._end(signal.SIGKILL)

    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._guard is not None and self._guard.poll() is None

    def start_again_if_dead(self) -> bool:
        """Starts it on its data where it should run and does not; True where that was so."""
        with self._changing:
            if not self._wanted or self.is_running():
                return False
            self._progress(f"{self.name} (process {self.pid}) has died; starting it again on its data")
            self.start()
            self._progress(f"{self.name} is back as process {self.pid}")
            return True

    def last_words(self) -> str:
        """The last line of its log that says anything."""
        if not self.log_path.exists():
            return "nothing"
        lines = [line.strip() for line in self.log_path.read_text(errors="replace").splitlines()[-400:]]
        telling = [line for line in lines if "ERROR" in line or "FATAL" in line or "# " in line]
        return (telling or [line for line in lines if line] or ["nothing"])[-1]

    def _spawn(self, command: list[str]) -> None:
        with self.log_path.open("wb") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-E", "-S", guard.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                pass_fds=[self._held_fd],
                # Ctrl-C in a terminal is for the starter, which ends its servers in order.
                start_new_session=True,
            )
        assert self._guard.stdout is not None
        self.pid = int(self._guard.stdout.readline() or b"0")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.is_ready():
            if not self.is_running():
                said = f"{self.last_words()} ({self.log_path})"
                raise UserError(f"{self.name} would not start; it says: {said}", exit_code=1)
            if time.monotonic() > deadline:
                self._end(signal.SIGKILL)
                raise UserError(
                    f"{self.name} was not ready after {self.start_seconds:.0f} s; see {self.log_path}", exit_code=1
                )
            time.sleep(0.05)

    def _end(self, how: signal.Signals) -> None:
        if self._guard is None:
            return
        self._send(how)
        try:
            self._guard.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self._send(signal.SIGKILL)
            self._guard.wait()
        for pipe in (self._guard.stdin, self._guard.stdout):
            assert pipe is not None
            pipe.close()
        self._guard = None

    def _send(self, how: signal.Signals) -> None:
        # It may end by itself between the question and the signal.
        with contextlib.suppress(ProcessLookupError):
            if self.is_running() and self.pid:
                os.kill(self.pid, how)
