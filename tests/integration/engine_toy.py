"""A worker that counts, run as a program by the engine's tests: `python engine_toy.py '<JSON of Toy>'`.

A fact is JSON `{"id", "key", "version"}`. A page is a key's map from id to its greatest version; its output says how
many ids it holds and the sum of (version + 1). What is no such JSON is rejected. Prints one line of JSON per event.
"""

import asyncio
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from faust.types import TP

from streams.engine.app import EngineApp, fold_agent, make_app
from streams.engine.batches import Batch
from streams.engine.events import NoEvents
from streams.engine.outgoing import Flush, Outgoing, Record
from streams.engine.settings import EngineSettings
from streams.engine.table import MergingTable
from streams.engine.worker import run_worker


class Toy(msgspec.Struct):
    """What one toy worker is told."""

    broker: str
    group: str
    instance: str
    sources: list[str]
    changelog: str
    output: str
    rejected: str
    partitions: int
    session: float = 6.0
    flush_interval: float = 0.1
    compression: str | None = None
    leave: bool = True
    stop_within: float = 20.0
    boom_at: int = 0
    """Raise while folding the batch in which this many records are passed; 0 never."""
    report: bool = False
    """Print the worker's status twice a second."""
    freeze_at: int = 0
    """Stop itself (SIGSTOP) between draining and sending, once so many records are folded; 0 never."""
    dump: str = ""
    """Write the restored pages to this file and end before anything is folded."""
    until: int = 0
    """End, reporting CPU seconds, once so many records are folded and committed."""
    max_unflushed: int = 5_000


class Fact(msgspec.Struct, gc=False):
    """One statement."""

    id: str
    key: str
    version: int = 0


Pages = dict[str, dict[str, int]]


@dataclass
class CountingLedger:
    """Pages by partition, and what of them is not yet written."""

    toy: Toy
    pages: dict[int, Pages] = field(default_factory=dict)
    touched: dict[int, set[str]] = field(default_factory=dict)
    rows: dict[int, list[tuple[str, str, int]]] = field(default_factory=dict)
    rejected: list[Record] = field(default_factory=list)
    seen: int = 0
    restored: int = 0
    decode: msgspec.json.Decoder[Fact] = field(default_factory=lambda: msgspec.json.Decoder(Fact))

    def fold(self, batch: Batch) -> None:
        """Accepts every fact of a batch."""
        self.seen += len(batch)
        if self.toy.boom_at and self.seen >= self.toy.boom_at:
            raise ValueError("boom")
        pages = self.pages.setdefault(batch.partition, {})
        touched = self.touched.setdefault(batch.partition, set())
        rows = self.rows.setdefault(batch.partition, [])
        for offset, value in zip(batch.offsets, batch.values, strict=True):
            try:
                fact = self.decode.decode(value or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self.rejected.append((None, value or b"", [("offset", str(offset).encode())]))
                continue
            page = pages.setdefault(fact.key, {})
            touched.add(fact.key)
            if page.get(fact.id, -1) < fact.version:
                page[fact.id] = fact.version
                rows.append((fact.key, fact.id, fact.version))

    def restore(self, batch: Batch) -> None:
        """Merges changelog rows."""
        pages = self.pages.setdefault(batch.partition, {})
        for value in batch.values:
            for key, fact_id, version in msgspec.msgpack.decode(value or b"\x90", type=list[tuple[str, str, int]]):
                page = pages.setdefault(key, {})
                page[fact_id] = max(version, page.get(fact_id, -1))
                self.restored += 1

    def keep(self, partitions: frozenset[int]) -> None:
        """Forgets every other partition."""
        for book in (self.pages, self.touched, self.rows):
            for partition in [p for p in book if p not in partitions]:
                del book[partition]

    def recovered(self, partitions: frozenset[int]) -> None:
        """Writes the pages down and ends, where that was asked for."""
        say("recovered", partitions=sorted(partitions), rows=self.restored)
        if self.toy.dump:
            pages = {key: page for part in self.pages.values() for key, page in part.items()}
            Path(self.toy.dump).write_text(json.dumps(pages), encoding="utf-8")
            os._exit(0)

    def drain(self) -> Flush | None:
        """Rejected records first, then changelog rows and outputs together."""
        if not self.unflushed and not self.rejected:
            return None
        together = []
        for partition, rows in self.rows.items():
            runs = [rows[start : start + 500] for start in range(0, len(rows), 500)]
            values: list[Record] = [(None, msgspec.msgpack.encode(run), ()) for run in runs]
            together.append(Outgoing(self.toy.changelog, partition, values))
        for partition, keys in self.touched.items():
            pages = self.pages[partition]
            outputs: list[Record] = [(key.encode(), summary(pages[key]), ()) for key in keys]
            together.append(Outgoing(self.toy.output, partition, outputs, leased=True))
        first = [Outgoing(self.toy.rejected, 0, self.rejected)]
        self.rows, self.touched, self.rejected = {}, {}, []
        if self.toy.freeze_at and self.seen >= self.toy.freeze_at:
            self.toy.freeze_at = 0
            say("freezes", folded=self.seen)
            os.kill(os.getpid(), signal.SIGSTOP)
        return Flush(first=first, together=together)

    @property
    def unflushed(self) -> int:
        """Keys touched since the last drain."""
        return sum(map(len, self.touched.values()))


def summary(page: Mapping[str, int]) -> bytes:
    """The output of a page."""
    return msgspec.json.encode({"count": len(page), "revision": sum(page.values()) + len(page)})


def say(what: str, **more: object) -> None:
    """One line of JSON."""
    print(json.dumps({"what": what, "at": time.time(), **more}), flush=True)


class Saying(NoEvents):
    """Prints what the tests look for."""

    def __init__(self, toy: Toy, ledger: CountingLedger) -> None:
        self.toy, self.ledger, self.flushes, self.written = toy, ledger, 0, 0
        self.longest = self.cpu = 0.0
        self.done: dict[TP, int] = {}

    def flushed(self, seconds: float, records: int) -> None:
        self.flushes += 1
        self.written += records
        self.longest = max(self.longest, seconds)

    def rebalanced(self, partitions: frozenset[int], generation: int) -> None:
        self.cpu = cpu_seconds()
        say("assigned", partitions=sorted(partitions), generation=generation)

    def lease_not_renewed(self) -> None:
        say("lease_not_renewed")

    def expired(self, partition: TP, first: int, following: int) -> None:
        say("expired", topic=partition.topic, partition=partition.partition, first=first, following=following)

    def stopped(self, reason: str) -> None:
        say("stopped", reason=reason)

    def committed(self, offsets: Mapping[TP, int]) -> None:
        self.done.update(offsets)
        if self.toy.until and sum(self.done.values()) >= self.toy.until:
            used = cpu_seconds() - self.cpu
            say("done", cpu=used, seen=self.ledger.seen, flushes=self.flushes, written=self.written, slow=self.longest)
            os._exit(0)


def cpu_seconds() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def app_of(toy: Toy) -> EngineApp:
    """The toy's app."""
    ledger = CountingLedger(toy)
    app = make_app(
        EngineSettings(
            group=toy.group,
            brokers=(toy.broker,),
            instance_id=toy.instance,
            session_timeout=toy.session,
            flush_interval=toy.flush_interval,
            compression=toy.compression,
            max_unflushed=toy.max_unflushed,
            events=Saying(toy, ledger),
        )
    )
    MergingTable(app, name="pages", ledger=ledger, changelog=toy.changelog, partitions=toy.partitions)
    for topic in toy.sources:
        fold_agent(app, topic, ledger.fold, toy.partitions)
    if toy.report:
        app.task(reporter(app, toy))
    return app


def reporter(app: EngineApp, toy: Toy) -> Callable[[], Awaitable[None]]:
    """A task that prints the status of the worker and of every partition."""

    async def report() -> None:
        while not app.should_stop:
            status, parts = app.engine_status, []
            for topic in toy.sources:
                for partition in range(toy.partitions):
                    progress = app.consumer.progress(topic, partition)  # type: ignore[attr-defined]
                    parts.append([topic, partition, progress.is_at_end, progress.last_timestamp_ms, progress.position])
            say("status", ready=status.ready, lag=sum(status.lag.values()), last_flush=status.last_flush, parts=parts)
            await asyncio.sleep(0.5)

    return report


if __name__ == "__main__":
    import logging

    logging.basicConfig(
        level=getattr(logging, os.environ.get("LOG", "INFO")),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    settings = msgspec.json.decode(sys.argv[1], type=Toy)
    code = run_worker(app_of(settings), leave=settings.leave, stop_within=settings.stop_within)
    say("ended", code=code)
    sys.exit(code)
