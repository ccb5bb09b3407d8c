"""The floor's clock: shared by the test that sets it and the worker that lives by it."""

import mmap
import struct
import time
from pathlib import Path

_FORM = struct.Struct("<ddd")


class FloorClock:
    """It stands where it was put, or runs ``speed`` times as fast as the machine's (all in epoch seconds).

    The worker's ledgers and metrics read it; its membership of the group and its leases stay on the machine's clock.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_FORM.size))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _FORM.size)

    def put(self, floor_s: float) -> None:
        """Stands still at this instant."""
        _FORM.pack_into(self._shared, 0, floor_s, 0.0, 0.0)

    def run(self, floor_s: float, from_s: float, speed: float) -> None:
        """Shows ``floor_s`` when the machine's clock shows ``from_s``, and goes on from there."""
        _FORM.pack_into(self._shared, 0, floor_s, from_s, speed)

    @property
    def now_s(self) -> float:
        """The floor's time."""
        floor_s, from_s, speed = _FORM.unpack_from(self._shared, 0)
        return float(floor_s + speed * (time.time() - from_s))

    def now_us(self) -> int:
        """The same in microseconds, as ledgers ask for it."""
        return int(self.now_s * 1e6)

    def machine_s(self, floor_s: float) -> float:
        """When the machine's clock shows what the floor's does at ``floor_s``, while it runs."""
        began_s, from_s, speed = _FORM.unpack_from(self._shared, 0)
        return float(from_s + (floor_s - began_s) / speed)
