"""Deliberately broken workers: each lacks one thing that makes the engine exact, and a campaign must find it out."""

from collections import Counter
from collections.abc import Callable
from hashlib import sha1
from typing import Any

from faust.transport.drivers import aiokafka as driver

from processors.statements import KIND_OF
from streams.engine.consuming import BatchConsumer
from streams.engine.deliveries import Deliveries
from streams.engine.lease import Lease
from streams.ledgers import pages
from streams.ledgers.live_page import LivePage
from streams.ledgers.pages import PageLedger
from streams.ledgers.restoring import Restorer
from streams.sinks import redis_server
from streams.sinks.kpi_topics import OperatorOutputs


def commit_before_flush() -> None:
    """Offsets are committed, then what they cover is written."""

    async def cycle(self: BatchConsumer, tps: Any, start_new_transaction: bool = True) -> bool:
        engine = self.engine
        if engine.failure is not None or not engine.recovered or not await self._hold_lease():
            return False
        committed = await self._commit_offsets_of(engine.deliveries.committable())
        try:
            await engine.flusher.flush(self.app.producer._ensure_producer())  # type: ignore[attr-defined]
        except BaseException as exc:
            engine.fail(exc)
            raise
        engine.cycle_done(self.lag_total())
        return committed

    BatchConsumer._commit_tps = cycle  # type: ignore[method-assign]


def last_row_wins() -> None:
    """Recovery takes the last row of an identity, not its greatest version."""

    class LastRow(Restorer):
        def join(self, book: Any, run: Any, written_us: int) -> None:
            super().join(book, run, written_us)
            for statement in run:
                page = book.pages[statement.owner, statement.hour_us]
                standings = page.kinds[KIND_OF[type(statement)]]
                assert standings is not None
                standing = standings[statement.id]
                page.weight += statement.version - standing.version
                standings[statement.id] = statement

    pages.Restorer = LastRow  # type: ignore[misc]


def no_hold_before_seek() -> None:
    """Source partitions flow before they are sought, as Faust has it."""

    def resume(self: BatchConsumer, tps: Any) -> None:
        driver.Consumer.resume_partitions(self, tps)

    BatchConsumer.resume_partitions = resume  # type: ignore[method-assign]


def acked_gap() -> None:
    """A hole between two batches counts as processed."""
    Deliveries.missing = lambda self, tp, batch: None  # type: ignore[method-assign]


def no_lease() -> None:
    """Outputs are stamped with the time of the flush; the campaign takes the limit off their topics, too."""
    Lease.stamp_ms = property(lambda self: int(self._clock.now().wall * 1000))  # type: ignore[assignment, method-assign]


def untouched_pages_not_published() -> None:
    """A page that only known facts touch is not published again."""
    touch, publish = PageLedger.touch, PageLedger._publish
    before: dict[LivePage, int] = {}

    def touched(self: PageLedger, book: Any, page: LivePage, news: Any) -> None:
        before[page] = page.weight
        touch(self, book, page, news)

    def published(self: PageLedger, flush: Any, partition: int, book: Any, pages: list[LivePage], *rest: Any) -> None:
        unchanged = {page for page in pages if before.pop(page, None) == page.weight}
        for page in unchanged:
            page.touched = False
        publish(self, flush, partition, book, [page for page in pages if page not in unchanged], *rest)

    PageLedger.touch = touched  # type: ignore[method-assign]
    PageLedger._publish = published  # type: ignore[assignment, method-assign]


def revision_from_a_counter() -> None:
    """An operator's record carries how often this worker has made one, not the sum of what it knows."""
    snapshot, made = OperatorOutputs.snapshot, Counter[tuple[str, int]]()

    def counted(self: OperatorOutputs, page: Any, folded: Any, is_final: bool, now_us: int) -> Any:
        made[page.key] += 1
        weight, page.weight = page.weight, made[page.key]
        try:
            return snapshot(self, page, folded, is_final, now_us)
        finally:
            page.weight = weight

    OperatorOutputs.snapshot = counted  # type: ignore[method-assign]


def plain_redis_set() -> None:
    """A snapshot is set in Redis whatever stands there."""
    compared = "if not stored or revision_of(stored) < revision then"
    script = redis_server.SCRIPT
    assert compared in script
    redis_server.SCRIPT = script.replace(compared, "if true then")
    redis_server._DIGEST = sha1(redis_server.SCRIPT.encode(), usedforsecurity=False).hexdigest()


MUTANTS: dict[str, Callable[[], None]] = {
    "commit-before-flush": commit_before_flush,
    "last-row-wins": last_row_wins,
    "no-hold-before-seek": no_hold_before_seek,
    "acked-gap": acked_gap,
    "no-lease": no_lease,
    "untouched-not-published": untouched_pages_not_published,
    "revision-from-counter": revision_from_a_counter,
    "plain-redis-set": plain_redis_set,
}
