"""Where things are kept on this machine, and how a folder is held by one process only."""

import fcntl
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from streams.errors import UserError


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    # The XDG rules: a path that is not absolute is to be ignored.
    named = Path(environment.get(variable, ""))
    return (named if named.is_absolute() else Path.home() / default) / "dialpulse"


def cache_folder() -> Path:
    """What can be fetched again."""
    return _base(os.environ, "XDG_CACHE_HOME", ".cache")


def state_folder() -> Path:
    """What must survive a restart."""
    return _base(os.environ, "XDG_STATE_HOME", ".local/state")


class HeldFile:
    """An exclusive lock on a file, which also says who holds it; gone with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1

    def take(self) -> bool:
        """Locks the file and writes this process's id into it; False where another has it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UserError(f"cannot write {self.path} ({error.strerror}): make its folder writable") from None
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.drop()
            return False
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(os.getpid()).encode(), 0)
        return True

    def take_within(self, seconds: float) -> bool:
        """As `take`, trying again until the time is over."""
        deadline = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def holder(self) -> int | None:
        """The process id that the last holder wrote."""
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return None

    def drop(self) -> None:
        """Gives the lock back; nothing happens where it is not held."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
