"""The Faust app of one worker, with every setting that matters said and explained."""

from collections.abc import Callable
from typing import Any

import faust
from faust.types import TP
from mode.supervisors import CrashingSupervisor
from yarl import URL

from streams.engine import connections, unpacking
from streams.engine.batches import Batch, BatchSchema
from streams.engine.engine import Engine, EngineStatus, words
from streams.engine.settings import EngineSettings
from streams.engine.table import PromptTables
from streams.engine.transport import BatchTransport
from streams.engine.versions import check_versions

Fold = Callable[[Batch], None]

HUGE = 1_000_000_000
BATCHES_BUFFERED = 16
BATCH_BYTES = 900_000


class EngineApp(faust.App):
    """A Faust app that owns an engine."""

    engine: Engine

    def _new_transport(self) -> Any:
        return BatchTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """None: the store is in memory, and nothing else is kept on disk."""

    @property
    def engine_status(self) -> EngineStatus:
        """The health of this worker."""
        engine = self.engine
        lag: dict[TP, int] = self.consumer.lag() if engine.recovered else {}  # type: ignore[attr-defined]
        return EngineStatus(
            ready=engine.is_ready(),
            last_flush=engine.last_flush,
            generation=self.consumer_generation_id,
            partitions=engine.partitions,
            lag=lag,
            failure=None if engine.failure is None else words(engine.failure),
        )


def make_app(settings: EngineSettings) -> EngineApp:
    """The app of one worker; agents and tables are added to it, then `run_worker` runs it.

    Raises UserError where the installed Faust or aiokafka is not the one that the engine was proven with.
    """
    check_versions()
    unpacking.install()
    connections.install()
    engine = Engine(settings)
    app = EngineApp(
        settings.group,
        broker=[URL(f"kafka://{broker}") for broker in settings.brokers],
        broker_credentials=settings.credentials,
        consumer_group_instance_id=settings.instance_id,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=engine.heartbeat,
        broker_rebalance_timeout=engine.rebalance_timeout,
        # Faust wants it above the session timeout; a broker that is away is noticed by the closed connection.
        broker_request_timeout=max(30.0, settings.session_timeout + 5),
        # The consumer's commit task keeps its own, adaptive pace; commits by count would flush at odd moments.
        broker_commit_interval=settings.flush_interval,
        broker_commit_every=HUGE,
        # "latest" would hang recovery, and skip facts when a group's offsets have expired.
        consumer_auto_offset_reset="earliest",
        # A store in memory can never be ahead of the changelog; standbys of it are thrown away when promoted.
        store="memory://",
        table_standby_replicas=0,
        stream_recovery_delay=0,
        stream_wait_empty=True,
        # Counts batches of up to a megabyte, not records.
        stream_buffer_maxsize=BATCHES_BUFFERED,
        # Topics are made from the registry only.
        topic_allow_declare=False,
        topic_disable_leader=True,
        # Whole record batches are handed over, so there is nothing to linger for.
        producer_linger=0,
        producer_max_batch_size=BATCH_BYTES,
        producer_acks=-1,
        producer_compression_type=settings.compression,
        # Changelog rows wait so long for a broker that is away; outputs are refused by their lease before.
        producer_request_timeout=settings.producer_timeout,
        TableManager=PromptTables,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    app.engine = engine
    return app


def fold_agent(app: EngineApp, topic: str, fold: Fold, partitions: int, *, dense: bool = True) -> Any:
    """An agent that folds every batch of a topic.

    `fold` must not await: so a batch is folded whole or not at all, and may be folded again after a crash. What it
    raises ends the worker before the batch is committed. `dense`: the topic has no holes (not compacted); one that
    shows up all the same stops the worker. Returns Faust's agent.
    """
    engine = app.engine
    engine.sources[topic] = partitions
    if dense:
        engine.deliveries.expect_no_holes(topic)
    channel = app.topic(topic, schema=BatchSchema(), partitions=partitions)

    async def folding(stream: Any) -> None:
        async for event in stream.events():
            batch: Batch = event.value
            if not engine.calm.is_set():
                await engine.calm.wait()
                if event.message.generation_id != app.consumer_generation_id:
                    continue  # another worker may have the partition by now
            try:
                if batch:
                    fold(batch)
            except BaseException as exc:
                engine.fail(exc)
                raise
            batch.acked = True
            if engine.flusher.unflushed > engine.most_unflushed:
                await app.consumer.commit()

    return app.agent(
        channel,
        name=f"folds {topic}",
        concurrency=1,
        supervisor_strategy=CrashingSupervisor,  # fails, never retries
    )(folding)
