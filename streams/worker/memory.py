"""Memory of a rush, given back to the system once the rush is over.

After a backlog or a recovery a third of a worker's memory is free, and the C library keeps it: the bytes of fetched
answers, of record batches and of snapshots for Redis.
"""

import asyncio
import ctypes
from collections.abc import Callable

from streams.sinks.redis import RedisSink
from streams.topology import Flow

EVERY_S = 0.5
FEW_RECORDS = 1_000
"""Facts left to read, and snapshots that Redis has not taken, from which on a worker is in a rush."""


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc's
        return None
    return trim


async def give_back_after_rushes(flow: Flow, sink: RedisSink) -> None:
    """Looks twice a second, until cancelled. Giving back takes some hundredths of a second for each gigabyte."""
    trim = _trim()
    rushing = True  # whatever it took to start is given back too
    while trim is not None:
        await asyncio.sleep(EVERY_S)
        status = flow.app.engine_status
        was_rushing = rushing
        rushing = not status.ready or sum(status.lag.values()) > FEW_RECORDS or sink.pending > FEW_RECORDS
        if was_rushing and not rushing:
            trim(0)
