"""What a rush needed is the system's again once it is over."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from streams.worker.memory import EVERY_S, FEW_RECORDS, give_back_after_rushes

MIB = 1 << 20


async def _look(status: Any, sink: Any, times: int = 1) -> None:
    """Lets it look so many times at a flow and a sink that stand so."""
    flow: Any = SimpleNamespace(app=SimpleNamespace(engine_status=status))
    looking = asyncio.create_task(give_back_after_rushes(flow, sink))
    await asyncio.sleep((times + 0.5) * EVERY_S)
    looking.cancel()


def _resident() -> int:
    return psutil.Process().memory_info().rss


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
async def test_memory_is_given_back_once_nothing_is_left_to_do() -> None:
    """Freed blocks between others that stay are what the C library keeps; while there is a rush, it may."""
    blocks = [bytes(2_000) for _ in range(100_000)]
    kept = blocks[::50]
    del blocks
    full = _resident()
    await _look(SimpleNamespace(ready=True, lag={"calls": FEW_RECORDS + 1}), SimpleNamespace(pending=0))
    await _look(SimpleNamespace(ready=True, lag={"calls": 0}), SimpleNamespace(pending=FEW_RECORDS + 1))
    await _look(SimpleNamespace(ready=False, lag={}), SimpleNamespace(pending=0))
    assert _resident() > full - 20 * MIB
    await _look(SimpleNamespace(ready=True, lag={"calls": 3}), SimpleNamespace(pending=2))
    assert _resident() < full - 100 * MIB
    assert len(kept) == 2_000
