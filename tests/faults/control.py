"""What a campaign sets in a running worker from outside: its clock, and the point at which it is to fail."""

import mmap
import struct
from enum import IntEnum
from pathlib import Path

_OFFSET, _POINT, _SIZE = 0, 8, 16


class Point(IntEnum):
    """A place in the worker's work at which it freezes, dies or loses something, once."""

    NONE = 0
    FREEZE_IN_FLUSH = 1
    DIE_BEFORE_OUTPUTS = 2
    FREEZE_BEFORE_REDIS = 3
    LOSE_A_BATCH = 4
    FREEZE_BEFORE_ROWS = 5


class Control:
    """Sixteen bytes shared by driver and worker: seconds by which the worker's clock is off, and an armed point."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SIZE)

    @property
    def clock_offset(self) -> float:
        """Seconds by which the worker's wall clock is ahead."""
        return float(struct.unpack_from("<d", self._shared, _OFFSET)[0])

    @clock_offset.setter
    def clock_offset(self, seconds: float) -> None:
        struct.pack_into("<d", self._shared, _OFFSET, seconds)

    @property
    def point(self) -> Point:
        """The armed point."""
        return Point(self._shared[_POINT])

    @point.setter
    def point(self, point: Point) -> None:
        self._shared[_POINT] = point

    def spring(self, point: Point) -> bool:
        """Whether this point was armed; it then is no more."""
        armed = self._shared[_POINT] == point
        if armed:
            self._shared[_POINT] = Point.NONE
        return armed

    def reset(self) -> None:
        """As a worker that starts anew finds it: its clock right, nothing armed."""
        self._shared[:] = bytes(_SIZE)
