"""What a rush needed is the system's again once it is over."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from streams.worker import memory

MIB = 1 << 20
LOOK_S, RUSH_S = 0.02, 0.3
RUSHES = (
    ({"ready": True, "lag": {"calls": memory.FEW_RECORDS + 1}}, 0),
    ({"ready": True, "lag": {"calls": 0}}, memory.FEW_RECORDS + 1),
    ({"ready": False, "lag": {}}, 0),
)


@pytest.fixture
def kept() -> list[bytes]:
    """Every fiftieth of many blocks: what was freed between them the C library keeps."""
    blocks = [bytes(2_000) for _ in range(100_000)]
    kept = blocks[::50]
    del blocks
    return kept


def _resident() -> int:
    return psutil.Process().memory_info().rss


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
@pytest.mark.parametrize(("standing", "pending"), RUSHES, ids=("facts left to read", "Redis behind", "not ready"))
async def test_memory_is_given_back_once_a_rush_is_over(
    standing: dict[str, Any], pending: int, kept: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while it lasts, not at its first moment of ease, and not for what lasts only a moment."""
    monkeypatch.setattr(memory, "EVERY_S", LOOK_S)
    monkeypatch.setattr(memory, "RUSH_S", RUSH_S)
    engine, sink = SimpleNamespace(ready=True, lag={"calls": 3}), SimpleNamespace(pending=2)
    flow: Any = SimpleNamespace(app=SimpleNamespace(engine_status=engine))
    watching = asyncio.create_task(memory.give_back_after_rushes(flow, sink))  # type: ignore[arg-type]
    full = _resident()

    async def stand(seconds: float, standing: dict[str, Any], pending: int) -> None:
        vars(engine).update(standing)
        sink.pending = pending
        await asyncio.sleep(seconds)

    ease = {"ready": True, "lag": {"calls": 3}}
    await stand(RUSH_S / 3, standing, pending)
    await stand(4 * memory.EASE_LOOKS * LOOK_S, ease, 2)
    await stand(3 * RUSH_S, standing, pending)
    assert _resident() > full - 20 * MIB
    await stand(10 * memory.EASE_LOOKS * LOOK_S, ease, 2)
    watching.cancel()
    assert _resident() < full - 100 * MIB
    assert len(kept) == 2_000
