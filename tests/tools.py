"""Prometheus and its tools where set-up unpacked them, because nothing could be installed."""

import os
from pathlib import Path

UNPACKED = Path(__file__).resolve().parents[1] / ".tools" / "debian" / "usr" / "bin"


def find_unpacked() -> None:
    """Lets this process and those that it starts find them, after what is installed."""
    os.environ["PATH"] += f"{os.pathsep}{UNPACKED}"
