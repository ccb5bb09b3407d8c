"""Time as the engine sees it: injectable, so that tests can step and stop it."""

import time
from typing import NamedTuple, Protocol


class Instant(NamedTuple):
    """One moment on both clocks, in seconds."""

    wall: float
    monotonic: float


class Clock(Protocol):
    """A source of time."""

    def now(self) -> Instant:
        """This moment: seconds since the epoch (UTC), and seconds on a clock that never steps."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> Instant:
        """This moment as the machine has it."""
        return Instant(time.time(), time.monotonic())
