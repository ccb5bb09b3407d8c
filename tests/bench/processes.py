"""What a process and its children used: CPU-seconds and memory, as the kernel counts them."""

import contextlib
import os
from pathlib import Path

import psutil

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """A process and everything below it; empty once it is gone."""
    try:
        top = psutil.Process(pid)
        return [pid, *(child.pid for child in top.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, ended ones included."""
    ticks = 0
    for one in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # The name, in parentheses, may hold blanks; utime is the 14th field, cstime the 17th.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return ticks / _TICK


def memory_mib(pid: int, peak: bool = True) -> float:
    """Resident memory of a process and its children: the most there ever was, or now."""
    wanted, kib = "VmHWM:" if peak else "VmRSS:", 0
    for one in tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
            kib += sum(int(line.split()[1]) for line in lines if line.startswith(wanted))
    return kib / 1024
