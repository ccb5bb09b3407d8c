"""The consumer's own thread: fetching without long polls, commits, and proofs of membership.

Faust runs aiokafka's consumer in a thread with an event loop of its own. The two methods of aiokafka's group
coordinator that are replaced on its instance are private: a contract test watches them.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.engine.batches import Batch
from streams.engine.engine import Engine

FETCH_WAIT_MS = 100
LEAVE_WITHIN = 3.0
NEVER = -1
"""What Kafka answers where a group has committed nothing."""


class MemberThread(driver.AIOKafkaConsumerThread):
    """One member of the consumer group."""

    @property
    def engine(self) -> Engine:
        """The worker's engine."""
        return self.app.engine  # type: ignore[attr-defined, no-any-return]

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust asks for 1500 ms, and aiokafka has one fetch in flight per broker: a long poll of idle partitions
        # would hold back the next fetch of the busy ones.
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        """Starts the consumer and listens to what the group answers."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        beat = coordinator._do_heartbeat

        async def proving_beat() -> bool:
            sent = self.engine.settings.clock.now()
            alive = bool(await beat())
            # While a rebalance waits for this member, its heartbeats succeed too, but prove nothing of ownership.
            if alive and not coordinator._rejoin_needed_fut.done():
                self.engine.lease.prove(sent)
            return alive

        async def leave() -> None:
            if self.engine.leaving and coordinator.generation > 0:
                await self._leave(coordinator)
            coordinator.reset_generation()

        async def tell(error: BaseException) -> None:
            self._fail(error)
            await coordinator._closing

        coordinator._do_heartbeat = proving_beat
        coordinator._maybe_leave_group = leave
        # aiokafka tells such errors at the next getmany() of its own, which Faust never calls.
        coordinator._push_error_to_user = tell
        coordinator._coordination_task.add_done_callback(self._coordination_ended)

    def _coordination_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, reason: BaseException) -> None:
        """Fails the engine, which lives in the app's loop."""
        self.parent_loop.call_soon_threadsafe(self.engine.fail, reason)

    async def _leave(self, coordinator: Any) -> None:
        """For a static member aiokafka sends no LeaveGroup, so its partitions would lie idle for a session."""
        request = LeaveGroupRequest(coordinator.group_id, coordinator.member_id)
        try:
            answer = await asyncio.wait_for(coordinator._send_req(request), LEAVE_WITHIN)
        except (KafkaError, TimeoutError) as exc:
            self.log.warning("could not leave the group; it will notice by itself: %r", exc)
        else:
            self.log.info("left the group (answer %s)", answer.error_code)

    async def prove_membership(self) -> None:
        """Asks the group now instead of waiting for the next heartbeat."""
        await self.call_thread(self._prove)

    async def _prove(self) -> None:
        await self._ensure_consumer()._coordinator._do_heartbeat()

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """As Faust's own, but a commit that lost a race with a rebalance is no reason to crash."""
        consumer = self._ensure_consumer()
        sent, generation = self.engine.settings.clock.now(), consumer._coordinator.generation
        if generation < 0:  # expelled: an empty group would take a commit from anybody, and it would prove nothing
            return False
        marks = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        try:
            await consumer.commit(marks)
        except (CommitFailedError, IllegalStateError) as exc:
            self.log.warning("commit lost to a rebalance, the same records will be read again: %s", exc)
            return False
        if consumer._coordinator.generation == generation:
            self.engine.lease.prove(sent)
        return True

    async def seek_to_committed(self) -> dict[TP, int | None]:  # type: ignore[override]
        """As aiokafka's own, which asks for one partition after the other: here for all at once."""
        return await self.call_thread(self._seek_to_committed)  # type: ignore[no-any-return]

    async def _seek_to_committed(self) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        places = consumer.assignment()
        found = await consumer._coordinator.fetch_committed_offsets(list(places))
        offsets: dict[TP, int | None] = {}
        for place in places:
            offset = found[place].offset if place in found else NEVER
            offsets[TP(place.topic, place.partition)] = None if offset == NEVER else offset
            if offset > 0:
                consumer.seek(place, offset)
        return offsets

    async def positions(self, tps: Iterable[TP]) -> dict[TP, int]:
        """Where each of these is read on: asked at once, for every question to this thread takes a turn of both."""
        return await self.call_thread(self._positions, tps)  # type: ignore[no-any-return]

    async def _positions(self, tps: Iterable[TP]) -> dict[TP, int]:
        consumer = self._ensure_consumer()
        return {tp: await consumer.position(TopicPartition(*tp)) for tp in tps}

    async def give_back(self, tp: TP, batch: Batch) -> None:
        """Fetch this batch again, unless the position was changed since."""
        await self.call_thread(self._give_back, TopicPartition(*tp), batch)

    async def _give_back(self, tp: TopicPartition, batch: Batch) -> None:
        consumer = self._ensure_consumer()
        if tp in consumer.assignment() and await consumer.position(tp) == batch.next:
            consumer.seek(tp, batch.first)
