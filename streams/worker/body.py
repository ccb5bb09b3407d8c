"""One worker process: checks what it stands on, wires the flow, runs it, and stops without losing anything."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

import msgspec
from faust.types import TP
from prometheus_client import CollectorRegistry

from processors.rules import rule_named
from schemas.redis_keys import Marker
from streams.broker.credentials import faust_credentials
from streams.calendar import load_calendar
from streams.compiled import is_compiled
from streams.counters import Labels
from streams.engine.settings import EngineSettings
from streams.engine.worker import run_worker
from streams.roster import RosterFile
from streams.settings import Settings
from streams.sinks.prometheus import WorkerCollector
from streams.sinks.redis import RedisSink, Snapshot
from streams.telemetry import Telemetry
from streams.topology import Flow, build
from streams.worker.definition import agree_on_definition
from streams.worker.heartbeats import beat
from streams.worker.http import serving
from streams.worker.memory import give_back_after_rushes
from streams.worker.pages import PATH, PagesView

log = logging.getLogger("dialpulse")

REDIS_DRAIN_S = 3.0
"""How long a stopping worker goes on writing to Redis; what is left its successor writes."""


class Worker:
    """A flow with its sinks and its HTTP.

    ``sock`` listens at ``address``; ``instance_id`` is this worker's name in the group, which no other process has.
    """

    def __init__(self, settings: Settings, instance_id: str, sock: socket.socket, address: str) -> None:
        self._settings = settings
        self._instance_id = instance_id
        self._sock = sock
        self._address = address
        # First, so that a wrong file ends the start before anything is joined.
        self._calendar = load_calendar(settings)
        self._roster = RosterFile(settings.roster if settings.operator_metrics else None)
        self._telemetry = Telemetry(self._rewrite)
        self._flow = build(settings, self._engine_settings(), self._telemetry, self._offer)
        self._sink: RedisSink | None = None

    def _engine_settings(self) -> EngineSettings:
        settings = self._settings
        return EngineSettings(
            group=settings.group,
            brokers=tuple(settings.kafka.split(",")),
            instance_id=self._instance_id,
            session_timeout=settings.session_timeout,
            flush_interval=settings.flush_interval,
            credentials=faust_credentials(settings),
            events=self._telemetry,
        )

    def run(self, *, leave: bool = True) -> int:
        """Runs until told to stop or until something fails; the exit code is that of ``run_worker``."""
        agree_on_definition(self._settings)
        return run_worker(self._flow.app, leave=leave, around=self._surroundings)

    def _offer(self, snapshots: list[Snapshot]) -> None:
        if self._sink is not None:
            self._sink.offer(snapshots)

    def _rewrite(self) -> None:
        """Partitions were taken over: their last owner may have died with records that Redis never got."""
        if self._sink is not None:
            self._sink.rewrite()

    @asynccontextmanager
    async def _surroundings(self) -> AsyncIterator[None]:
        """Redis, heartbeats and HTTP, from before the first fact until after the last flush."""
        settings, flow = self._settings, self._flow
        sink = self._sink = RedisSink(
            settings.redis_url,
            settings.prefix,
            clock=time.time,
            marker=_marker(settings),
            everything=lambda: _everything(flow),
            events=self._telemetry,
        )
        async with AsyncExitStack() as stack:
            writing = asyncio.create_task(sink.run())
            writing.add_done_callback(self._writing_ended)
            stack.push_async_callback(self._close, sink, writing)
            beating = asyncio.create_task(beat(flow, sink, self._address, self._instance_id))
            stack.callback(beating.cancel)
            giving_back = asyncio.create_task(give_back_after_rushes(flow, sink))
            stack.callback(giving_back.cancel)
            registry = CollectorRegistry()
            registry.register(self._collector(sink))
            pages = {PATH: PagesView(settings, flow.pages).get}
            await stack.enter_async_context(serving(self._sock, registry, self._ready, pages))
            log.info("metrics and health at http://%s", self._address)
            if not is_compiled():
                log.warning("the hot path runs interpreted: a fact costs three times as much (see dialpulse doctor)")
            yield

    async def _close(self, sink: RedisSink, writing: asyncio.Task[None]) -> None:
        if not await sink.close(REDIS_DRAIN_S):
            log.warning("Redis did not take everything in %.0f s; the next worker writes the rest", REDIS_DRAIN_S)
        writing.cancel()

    def _writing_ended(self, writing: asyncio.Task[None]) -> None:
        """The sink survives Redis; what ends it is a defect, and a worker without it would be silent to boards."""
        if not writing.cancelled() and (error := writing.exception()) is not None:
            self._flow.app.engine.fail(error)

    def _collector(self, sink: RedisSink) -> WorkerCollector:
        settings, flow = self._settings, self._flow
        return WorkerCollector(
            self._telemetry,
            flow.pages.books,
            self._calendar.clocks,
            self._calendar,
            rule_named(settings.conversation_rule),
            _Status(flow, sink, settings.prefix),
            version=version("dialpulse"),
            by_operator=settings.operator_metrics,
            now_us=flow.pages.now_us,
            roster=self._roster.now,
        )

    def _ready(self) -> tuple[bool, str]:
        status = self._flow.app.engine_status
        if status.failure is not None:
            return False, f"stopping: {status.failure}"
        if not status.ready:
            return False, "not ready: recovering, without partitions, or its last flush is too old"
        return True, f"ready: {len(status.partitions)} partitions, {sum(status.lag.values())} facts behind"


class _Status:
    """What the collector asks the engine and the sink."""

    def __init__(self, flow: Flow, sink: RedisSink, prefix: str) -> None:
        self._flow = flow
        self._sink = sink
        self._prefix = prefix

    def lag(self) -> dict[Labels, int]:
        """Records not yet folded, by (topic, partition)."""
        lag: dict[TP, int] = self._flow.app.engine_status.lag
        return {(tp.topic.removeprefix(self._prefix), str(tp.partition)): left for tp, left in lag.items()}

    def redis_behind_seconds(self) -> float:
        """Age of the oldest record that Redis does not have."""
        return self._sink.behind_seconds


def _everything(flow: Flow) -> Iterator[Snapshot]:
    yield from flow.roll_ups.snapshots()
    yield from flow.pages.snapshots()


def _marker(settings: Settings) -> bytes:
    return msgspec.json.encode(
        Marker(
            partitions=settings.partitions,
            time_zone=settings.time_zone,
            site_time_zones=settings.site_time_zones,
            conversation_rule=settings.conversation_rule,
            generation=settings.generation,
        )
    )
