"""Points of failure, put around the product's own functions: what an armed one does, a machine could do there."""

import asyncio
import os
import signal
import time
from typing import Any

from faust.types import TP

from streams.engine.clocks import Instant
from streams.engine.consuming import BatchConsumer
from streams.engine.membership import MemberThread
from streams.engine.packing import Packer
from streams.sinks.redis_server import Server
from tests.faults.control import Control, Point

SLOW_ANSWER_S = 1.5
LINGERS_S = 0.5
ACKNOWLEDGED_BY_THEN_S = 0.7
OUTPUTS = ("kpi.", "dialpulse.contributions.")


class StepClock:
    """The machine's clock, off by what the driver says."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def now(self) -> Instant:
        """This moment as a machine with a wrong clock has it."""
        return Instant(time.time() + self._control.clock_offset, time.monotonic())


def install(control: Control, *, slow_seek: bool) -> None:
    """Puts every point in place; ``slow_seek``: the group is slow to say where to read on."""
    _around_sends(control)
    _around_redis(control)
    _around_fetches(control)
    if slow_seek:
        _around_seeks()


def _freeze() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _around_sends(control: Control) -> None:
    send = Packer.send

    async def pointed(self: Packer, producer: Any, partition: TP, stamp_ms: int, records: Any) -> Any:
        topic = partition.topic
        if "pages-changelog" in topic and control.spring(Point.FREEZE_BEFORE_ROWS):
            _freeze()
        if "kpi.operator" in topic and control.spring(Point.FREEZE_IN_FLUSH):
            _freeze()
        if control.point is Point.DIE_BEFORE_OUTPUTS and any(name in topic for name in OUTPUTS):
            await asyncio.sleep(ACKNOWLEDGED_BY_THEN_S)
            os.kill(os.getpid(), signal.SIGKILL)
        return await send(self, producer, partition, stamp_ms, records)

    Packer.send = pointed  # type: ignore[method-assign]


def _around_redis(control: Control) -> None:
    write = Server.write

    async def pointed(self: Server, snapshots: Any, beats: Any, *, claim: bool) -> Any:
        if snapshots and control.spring(Point.FREEZE_BEFORE_REDIS):
            _freeze()
        return await write(self, snapshots, beats, claim=claim)

    Server.write = pointed  # type: ignore[method-assign]


def _around_fetches(control: Control) -> None:
    wait = BatchConsumer._wait_next_records

    async def pointed(self: BatchConsumer, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's
        records, active = await wait(self, timeout)
        facts = [tp for tp in records or () if "dialer." in tp.topic]
        if facts and control.spring(Point.LOSE_A_BATCH):
            del records[facts[0]]
        return records, active

    BatchConsumer._wait_next_records = pointed  # type: ignore[method-assign]


def _around_seeks() -> None:
    positions = MemberThread.positions

    async def pointed(self: MemberThread, tps: Any) -> Any:
        # By then partitions are sought, and the books not yet begun anew: what flows now is missing afterwards.
        await asyncio.sleep(SLOW_ANSWER_S)
        return await positions(self, tps)

    MemberThread.positions = pointed  # type: ignore[method-assign]
    seek = BatchConsumer.perform_seek

    async def lingering(self: BatchConsumer) -> None:
        await seek(self)
        # Then Faust empties the agents' queues: what flows already is never folded.
        await asyncio.sleep(LINGERS_S)

    BatchConsumer.perform_seek = lingering  # type: ignore[method-assign]
