"""One process that has imported the program and forks a worker whenever it is told to.

A campaign starts workers a hundred times, and the imports of one cost more than all the rest of its start: here they
are paid once. `python -m tests.faults.nursery` reads orders from its standard input and tells on its standard output
which process it made for each, and how each ended. It kills what is left when its driver goes, whatever way that went.
"""

import contextlib
import gc
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.faults import worker_entry

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S = 300.0


class Child:
    """A worker's process. ``code`` is None while it runs, minus the signal where one ended it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.code: int | None = None
        self._ended = threading.Event()

    def send(self, number: int) -> None:
        """A signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            if self.code is None:
                os.kill(self.pid, number)

    def ended(self, code: int) -> None:
        """The nursery has seen it end."""
        self.code = code
        self._ended.set()

    def wait(self, within_s: float) -> int | None:
        """Its exit code, None where it runs on."""
        self._ended.wait(within_s)
        return self.code


class Nursery:
    """The driver's end: starts workers, and hears how they end. Safe to use from several threads."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C in a terminal is for the driver, which ends its workers in order.
            start_new_session=True,
        )
        self._children: dict[int, Child] = {}
        self._made: list[Child] = []
        self._telling = threading.Condition()
        self._ordering = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def start(self, options: list[str], environment: dict[str, str], log: Path) -> Child:
        """A worker with these options of ``worker_entry`` and variables, whose words go to the log."""
        assert self._process.stdin is not None
        with self._ordering:
            order = json.dumps({"options": options, "environment": environment, "log": str(log)})
            self._process.stdin.write(order.encode() + b"\n")
            self._process.stdin.flush()
            with self._telling:
                if not self._telling.wait_for(lambda: self._made, STARTS_WITHIN_S):
                    raise TimeoutError(f"no worker was started within {STARTS_WITHIN_S:.0f} s")
                return self._made.pop()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, pid, code = line.split()
            with self._telling:
                if word == b"made":
                    child = self._children[int(pid)] = Child(int(pid))
                    self._made.append(child)
                    self._telling.notify_all()
                else:
                    self._children.pop(int(pid)).ended(int(code))


def _serve() -> None:
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()
    living: set[int] = set()
    pending = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(living)
        if 0 in ready:
            heard = os.read(0, 1 << 16)
            if not heard:
                break
            *orders, pending = (pending + heard).split(b"\n")
            for order in orders:
                pid = _fork(json.loads(order))
                living.add(pid)
                _tell("made", pid, 0)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
    while living:
        _reap(living)
        time.sleep(0.01)


def _tell(word: str, pid: int, code: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{word} {pid} {code}\n".encode())


def _reap(living: set[int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        living.discard(pid)
        _tell("ended", pid, os.waitstatus_to_exitcode(status))


def _fork(order: dict[str, Any]) -> int:
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = _become(order, nursery)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as Python itself would end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(order: dict[str, Any], nursery: int) -> int:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing, log = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
    )
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(order["environment"])
    random.seed()
    main: Callable[[list[str]], int] = worker_entry.main
    return main(["--driver", str(nursery), *order["options"]])


if __name__ == "__main__":
    _serve()
