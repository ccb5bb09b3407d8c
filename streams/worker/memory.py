"""Memory of a rush, given back to the system once the rush is over.

After a backlog or a recovery a third of a worker's memory is free, and the C library keeps it: the bytes of fetched
answers, of record batches and of snapshots for Redis.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable

from streams.sinks.redis import RedisSink
from streams.topology import Flow

EVERY_S = 0.5
FEW_RECORDS = 1_000
"""Facts left to read, or snapshots that Redis has not taken, beyond which a worker is not at ease."""
RUSH_S = 3.0
"""How long it was not, without a break: what every flush of a large floor does for a moment is no rush. By the clock,
since a worker in a rush gets round to few looks."""
EASE_LOOKS = 3
"""Looks in a row at which it was at ease, until a rush is over: after the last fact come roll-ups, and then Redis."""
APART_S = 60.0
"""Seconds between two times of giving back, at least."""


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc's
        return None
    return trim


async def give_back_after_rushes(flow: Flow, sink: RedisSink) -> None:
    """Looks twice a second, until cancelled. Giving back takes some hundredths of a second for each gigabyte."""
    trim = _trim()
    began: float | None = None
    eased, last = 0, -APART_S
    while trim is not None:
        await asyncio.sleep(EVERY_S)
        status, now = flow.app.engine_status, time.monotonic()
        if not status.ready or sum(status.lag.values()) > FEW_RECORDS or sink.pending > FEW_RECORDS:
            began, eased = now if began is None else began, 0
        elif began is not None:
            eased += 1
            if eased == 1 and now - began < RUSH_S:
                began, eased = None, 0
            elif eased >= EASE_LOOKS and now - last >= APART_S:
                trim(0)
                began, eased, last = None, 0, now
