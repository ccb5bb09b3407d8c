"""Faust's consumer with what makes it exact: batches, acks of its own, a strict flush, partitions held until sought."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any, TypeVar

from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import Service

from streams.engine.assignments import shared_partitions
from streams.engine.batches import Batch, join
from streams.engine.deliveries import Progress, RewindError
from streams.engine.engine import Engine
from streams.engine.membership import MemberThread
from streams.errors import UserError

T = TypeVar("T")
FETCH_WITHIN = 0.1
"""Seconds that a fetch waits for records. Faust waits one, and what is resumed meanwhile waits with it."""
LOOK_EVERY = 0.05
"""Seconds between two looks for a partition to read, while there is none. Faust sleeps one."""


class BatchConsumer(driver.Consumer):
    """Delivers batches, and commits what is folded and flushed."""

    _thread: MemberThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: set[TP] = set()
        self._sought: set[TP] = set()

    @property
    def engine(self) -> Engine:
        """The worker's engine."""
        return self.app.engine  # type: ignore[attr-defined, no-any-return]

    def _new_consumer_thread(self) -> MemberThread:
        return MemberThread(self, loop=self.loop, beacon=self.beacon)

    # Delivery

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - Faust's
        # Faust passes its live set: emptied while the fetch waits, it means "any partition" to aiokafka.
        wanted: Any = frozenset(active_partitions or ())
        return await self._thread.getmany(wanted, min(timeout, FETCH_WITHIN))

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109 - Faust's
        if self.flow_active and not self._get_active_partitions():
            await self.sleep(LOOK_EVERY)
            return {}, set()
        records, active = await super()._wait_next_records(timeout)
        kept: dict[TP, list[Batch]] = {}
        # Told apart at once: while one batch is given back, the partitions of the others may be sought and resumed, and
        # what was fetched before that would be delivered, and come again.
        flowing = {tp for tp in records or () if tp in (active or ()) or tp in self._buffered_partitions}
        for tp, run in (records or {}).items():
            batch = join(run)
            if tp in flowing:
                await self._allow_expired(tp, batch)
                kept[tp] = [batch]
            elif not self._is_changelog_tp(tp):
                self.engine.settings.events.given_back(tp, len(batch))
                await self._thread.give_back(tp, batch)
        return kept, active

    async def _allow_expired(self, tp: TP, batch: Batch) -> None:
        """A gap before this batch is no hole where the broker itself says that the log begins after it."""
        gap = self.engine.deliveries.missing(tp, batch)
        if gap is None:
            return
        begins = (await self.earliest_offsets(tp)).get(tp, 0)
        if begins > gap[0]:
            following = min(begins, gap[1])
            self.log.error("retention removed %s-%s [%s, %s) unread", tp.topic, tp.partition, gap[0], following)
            self.engine.settings.events.expired(tp, gap[0], following)
            self.engine.deliveries.jump(tp, following)

    def _to_message(self, tp: TP, record: Batch) -> ConsumerMessage:
        if not self._is_changelog_tp(tp):
            self._book(tp, record)
        # The offset is the last one covered: recovery compares it with the end of the log. Without the generation
        # the stream would drop the event silently.
        return ConsumerMessage(
            tp.topic, tp.partition, record.next - 1, time.time(), 0, None, None, record, None, 0, 0, tp,  # type: ignore[arg-type]
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def _book(self, tp: TP, batch: Batch) -> None:
        try:
            self.engine.deliveries.deliver(tp, batch)
        except RewindError as exc:
            raise self._failing(
                UserError(f"{exc}: the topic was made anew or lost its end; reset the group's offsets for it")
            ) from exc
        except Exception as exc:
            raise self._failing(exc) from exc

    def _failing(self, reason: T) -> T:
        self.engine.fail(reason)  # type: ignore[arg-type]
        return reason

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: Faust would count what was not delivered as processed."""

    # Flush and commit

    @Service.task
    async def _commit_handler(self) -> None:
        took = 0.0
        while not self.should_stop:
            await self._pause(took)
            began = time.monotonic()
            await self.commit()
            took = time.monotonic() - began

    async def _pause(self, took: float) -> None:
        """The time between two flushes, the last of which ``took`` so many seconds.

        Flushes that keep up begin an interval apart, with at least a quarter of it for the facts in between. The pause
        is cut short where much was left to read, and no longer is.
        """
        engine, since = self.engine, time.monotonic()
        if engine.interval <= engine.settings.flush_interval:
            since -= min(took, 0.75 * engine.interval)
        longest = max(engine.settings.flush_interval, engine.settings.slow_flush_interval)
        while not self.should_stop and (left := since + engine.interval - time.monotonic()) > 0:
            if left > longest and not engine.is_far_behind(self.lag_total()):
                return
            await self.sleep(min(left, longest))

    async def verify_all_partitions_active(self) -> None:
        """Nothing: Faust judges by its own acks; the engine's status says how old the last flush is."""

    async def wait_empty(self) -> None:
        """What is folded is flushed and committed; what is not will be delivered again."""
        await self.commit_and_end_transactions()

    async def commit_and_end_transactions(self) -> None:
        """A flush of everything folded up to now, not just the end of one that is under way."""
        await self.maybe_wait_for_commit_to_finish()
        await self.commit()

    async def _commit_tps(self, tps: Iterable[TP], start_new_transaction: bool = True) -> bool:
        """One flush cycle. Whatever goes wrong in the flush ends the worker, and nothing is committed after it."""
        engine = self.engine
        # Between two assignments pages may belong to another worker already: nothing is written until recovery is over.
        if engine.failure is not None or not engine.recovered or not await self._hold_lease():
            return False
        offsets = engine.deliveries.committable()  # before the flush: only what it covers
        began = time.perf_counter()
        try:
            with engine.calm_if_long():
                written = await engine.flusher.flush(self.app.producer._ensure_producer())  # type: ignore[attr-defined]
        except BaseException as exc:
            engine.fail(exc)
            raise
        if written:
            engine.settings.events.flushed(time.perf_counter() - began, written)
        committed = await self._commit_offsets_of(offsets)
        engine.cycle_done(self.lag_total())
        return committed

    async def _commit_offsets_of(self, offsets: dict[TP, int]) -> bool:
        deliveries, mine = self.engine.deliveries, self.assignment()
        due = {tp: offset for tp, offset in offsets.items() if tp in mine and deliveries.is_current(tp, offset)}
        if not due:
            return False
        if not await self._commit(due):
            self.engine.settings.events.commit_refused("the group was rebalancing")
            return False
        deliveries.committed(due)
        self._committed_offset.update(due)
        self.app.monitor.on_tp_commit(due)
        self._drop_fausts_books(due)
        self.engine.settings.events.committed(due)
        return True

    def _drop_fausts_books(self, tps: Iterable[TP]) -> None:
        # Faust's stream acks into these whatever happened to the event; unused here, they would only grow.
        for tp in tps:
            self._acked.pop(tp, None)
            self._acked_index.pop(tp, None)

    async def _hold_lease(self) -> bool:
        """True once this worker's membership is proven by a request that is young enough."""
        lease, wait = self.engine.lease, self.engine.settings.session_timeout / 3
        if not lease.is_fresh:
            await self._ask(self._thread.prove_membership(), wait)
        if not lease.is_fresh:  # in a rebalance only a commit proves it: of what this member itself committed last
            mine = self.assignment()
            known = {tp: offset for tp, offset in self.engine.deliveries.proven().items() if tp in mine}
            if known:
                await self._ask(self._commit(known), wait)
        if not lease.is_fresh:
            self.engine.settings.events.lease_not_renewed()
        return lease.is_fresh

    async def _ask(self, request: Any, wait: float) -> None:
        try:
            await asyncio.wait_for(request, wait)
        except TimeoutError:
            self.log.warning("the group did not answer within %.1f s", wait)

    # Rebalance

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Flushes and commits what is folded, awaits a flush under way, then lets go."""
        self.engine.lease.leaving()
        await super().on_partitions_revoked(revoked)
        self.engine.recovered = False
        self.engine.deliveries.forget(revoked)
        self._held -= set(revoked)
        self._sought.clear()

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Takes the group's new assignment."""
        self.engine.lease.joined()
        await super().on_partitions_assigned(assigned, generation_id)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Holds source partitions until they are sought: resumed before, records would come twice or be skipped."""
        wanted = set(tps)
        changelogs = {tp for tp in wanted if self._is_changelog_tp(tp)}
        self._held |= wanted - changelogs
        self._sought -= wanted
        if changelogs:
            super().resume_partitions(changelogs)

    async def perform_seek(self) -> None:
        """Seeks every source partition to its committed offset, or to its beginning; `resume_flow` lets it flow."""
        if not self.flow_active:  # a rebalance or a stop is on: recovery seeks when it is over
            return
        try:
            await self._seek_sources()
        except asyncio.CancelledError:
            recovery = self.app.tables.recovery  # type: ignore[attr-defined]
            if not self.should_stop and not recovery.signal_recovery_start.is_set():
                # Faust gives up waiting and goes on, with partitions that nobody would ever resume.
                self.engine.fail(TimeoutError("the brokers did not say in time where to read on"))
            raise

    async def _seek_sources(self) -> None:
        await super().perform_seek()
        sources = {tp for tp in self.assignment() if not self._is_changelog_tp(tp)}
        committed = {tp: self._committed_offset.get(tp) for tp in sources}
        fresh = [tp for tp, offset in committed.items() if not offset]
        if fresh:  # aiokafka leaves a partition that never committed wherever it is
            await self._thread.seek_to_beginning(*(TopicPartition(*tp) for tp in fresh))
        positions = await self._thread.positions(fresh)
        self.engine.deliveries.restart()
        for tp, offset in committed.items():
            self.engine.deliveries.sought(tp, offset, positions.get(tp))
        self._take_partitions()
        self._sought, self._held = self._held & sources, set()

    def resume_flow(self) -> None:
        """Lets flow what was sought: not before, for Faust empties the agents' queues until right before this."""
        super().resume_flow()
        sought, self._sought = self._sought, set()
        super().resume_partitions(sought)

    def _take_partitions(self) -> None:
        engine = self.engine
        try:
            engine.partitions = shared_partitions(self.assignment(), {**engine.sources, **engine.changelogs})
        except UserError as exc:
            raise self._failing(exc) from None
        engine.recovered = True
        engine.settings.events.rebalanced(engine.partitions, self.app.consumer_generation_id)

    def _end_of(self, tp: TP) -> int | None:
        try:
            return self.highwater(tp)
        except (IllegalStateError, AssertionError):  # the assignment changed in aiokafka's thread meanwhile
            return None

    # Health

    def progress(self, topic: str, partition: int) -> Progress:
        """How far this source partition is folded; no position is known of one that this worker does not have."""
        tp = TP(topic, partition)
        return self.engine.deliveries.progress(tp, self._end_of(tp))

    def lag(self) -> dict[TP, int]:
        """Records left to fold, by source partition whose end is known."""
        lags = {}
        for tp in self.assignment():
            if not self._is_changelog_tp(tp):
                progress = self.engine.deliveries.progress(tp, self._end_of(tp))
                if progress.position is not None and progress.highwater is not None:
                    lags[tp] = max(0, progress.highwater - progress.position)
        return lags

    def lag_total(self) -> int:
        """Records left to fold, as far as known."""
        return sum(self.lag().values())
