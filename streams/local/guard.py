"""Runs one program and never outlives its starter: `guard.py PROGRAM ARGUMENT...`, with a pipe as standard input.

The starter holds the other end of the pipe. When that closes, whatever way the starter ended, the program is
killed. The kernel's own death signal would not do by itself: it fires when the starting *thread* ends. It is used one
step below, between this process (which has one thread) and the program, so that killing the guard kills both.
The first line on standard output is the program's process id.
"""

import ctypes
import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _become(program: list[str], guard: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The guard may have gone between the fork and the call above.
    if os.getppid() != guard:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    signal.set_wakeup_fd(-1)
    os.execv(program[0], program)  # noqa: S606 - a list of words, and no shell, is what is wanted


def main(program: list[str]) -> int:
    """Runs the program; gives its exit code, or minus the signal that ended it."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(program, guard)
        finally:
            os._exit(127)
    os.write(1, f"{pid}\n".encode())
    ready, _, _ = select.select([0, woken], [], [])
    if 0 in ready and woken not in ready:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # An exit code cannot be negative: 128 + signal, as a shell has it.
    sys.exit(code if code >= 0 else 128 - code)
