"""The strict flush: everything unwritten is acknowledged by the brokers, in order, or the worker ends."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from faust.types import TP

from streams.engine.batches import Batch
from streams.engine.clocks import Clock
from streams.engine.lease import Lease
from streams.engine.outgoing import Flush, Outgoing, Record
from streams.engine.packing import Acknowledged, Packer


class Ledger(Protocol):
    """What the application keeps behind a table: pure bookkeeping, nothing in it awaits."""

    def restore(self, batch: Batch) -> None:
        """Merge a run of changelog rows; values may be None. Whatever it raises ends the worker."""

    def keep(self, partitions: frozenset[int]) -> None:
        """Forget every other partition: its pages and its unwritten rows alike."""

    def recovered(self, partitions: frozenset[int]) -> None:
        """All rows of these partitions are restored."""

    def drain(self) -> Flush | None:
        """Everything unwritten since the last drain; None when there is nothing."""

    @property
    def unflushed(self) -> int:
        """Pages touched since the last drain."""
        ...


Acknowledge = Callable[[Acknowledged], None]


class Flusher:
    """Drains every ledger and writes what it gives, strictly in its order."""

    def __init__(self, clock: Clock, lease: Lease) -> None:
        self._clock = clock
        self._lease = lease
        self._packer = Packer()
        self._ledgers: list[Ledger] = []
        self._listeners: list[Acknowledge] = []

    def add(self, ledger: Ledger, acknowledged: Acknowledge) -> None:
        """A ledger to drain, and who is told of each record batch that was acknowledged."""
        self._ledgers.append(ledger)
        self._listeners.append(acknowledged)

    @property
    def unflushed(self) -> int:
        """Pages touched since the last flush, over all ledgers."""
        return sum(ledger.unflushed for ledger in self._ledgers)

    async def flush(self, producer: Any) -> int:
        """Writes everything unwritten and returns the number of records, all of them acknowledged.

        Whatever is raised in here leaves rows neither in the ledgers nor surely in the log: the caller must end the
        worker and commit nothing more.
        """
        flushes = [flush for ledger in self._ledgers if (flush := ledger.drain()) is not None]
        written = 0
        for phase in ("first", "together", "after"):
            written += await self._write(producer, [out for flush in flushes for out in getattr(flush, phase)])
        for flush in flushes:
            flush.done()
        return written

    async def _write(self, producer: Any, outgoing: list[Outgoing]) -> int:
        plain, leased = int(self._clock.now().wall * 1000), self._lease.stamp_ms
        queues: dict[tuple[str, int, int], list[Record]] = {}
        for out in outgoing:
            if out.records:
                stamp = leased if out.leased else plain
                queues.setdefault((out.topic, out.partition, stamp), []).extend(out.records)
        jobs = [
            self._packer.send(producer, TP(topic, number), stamp, records)
            for (topic, number, stamp), records in queues.items()
        ]
        acknowledged = [one for many in await asyncio.gather(*jobs) for one in many]
        for one in acknowledged:
            for listener in self._listeners:
                listener(one)
        return sum(one.count for one in acknowledged)
