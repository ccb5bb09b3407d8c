"""The engine leans on private names of Faust and aiokafka; one that a new version moves fails here, with its reason."""

import asyncio
import inspect
import re
from typing import Any

import pytest
from aiokafka import conn
from aiokafka.consumer import AIOKafkaConsumer, fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.producer import AIOKafkaProducer
from aiokafka.protocol.group import LeaveGroupRequest
from aiokafka.record.default_records import DefaultRecordBatch
from faust import App
from faust import streams as faust_streams
from faust.app import base as faust_app
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import conductor as faust_conductor
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from mode import Service
from mode.threads import QueueServiceThread, ServiceThread

from streams.engine.versions import PINNED, check_versions
from streams.errors import UserError

Consumer, Thread = driver.Consumer, driver.AIOKafkaConsumerThread

OVERRIDDEN: list[tuple[type[Any], str, list[str]]] = [
    (Consumer, "_new_consumer_thread", ["self"]),
    (Consumer, "_getmany", ["self", "active_partitions", "timeout"]),
    (Consumer, "_wait_next_records", ["self", "timeout"]),
    (Consumer, "_get_active_partitions", ["self"]),
    (Consumer, "_to_message", ["self", "tp", "record"]),
    (Consumer, "_add_gap", ["self", "tp", "offset_from", "offset_to"]),
    (Consumer, "_commit_tps", ["self", "tps", "start_new_transaction"]),
    (Consumer, "commit_and_end_transactions", ["self"]),
    (Consumer, "maybe_wait_for_commit_to_finish", ["self"]),
    (Consumer, "wait_empty", ["self"]),
    (Consumer, "verify_all_partitions_active", ["self"]),
    (Consumer, "on_partitions_revoked", ["self", "revoked"]),
    (Consumer, "on_partitions_assigned", ["self", "assigned", "generation_id"]),
    (Consumer, "resume_partitions", ["self", "tps"]),
    (Consumer, "perform_seek", ["self"]),
    (Consumer, "resume_flow", ["self"]),
    (Consumer, "_is_changelog_tp", ["self", "tp"]),
    (Thread, "_create_worker_consumer", ["self", "transport"]),
    (Thread, "_commit", ["self", "offsets"]),
    (Thread, "on_start", ["self"]),
    (Thread, "_ensure_consumer", ["self"]),
    (Thread, "seek_to_committed", ["self"]),
    (Thread, "getmany", ["self", "active_partitions", "timeout"]),
    (Collection, "apply_changelog_batch", ["self", "batch"]),
    (Collection, "on_rebalance", ["self", "assigned", "revoked", "newly_assigned", "generation_id"]),
    (Collection, "on_recovery_completed", ["self", "active_tps", "standby_tps"]),
    (TableManager, "_update_channels", ["self"]),
    (Recovery, "revoke", ["self", "tp"]),
    (App, "_new_transport", ["self"]),
    (App, "_create_directories", ["self"]),
    (fetcher.PartitionRecords, "_unpack_records", ["self"]),
    (GroupCoordinator, "_do_heartbeat", ["self"]),
    (GroupCoordinator, "_maybe_leave_group", ["self"]),
    (GroupCoordinator, "_push_error_to_user", ["self", "exc"]),
    (GroupCoordinator, "_send_req", ["self", "request"]),
    (GroupCoordinator, "fetch_committed_offsets", ["self", "partitions"]),
    (GroupCoordinator, "reset_generation", ["self"]),
    (driver.Producer, "_ensure_producer", ["self"]),
    (conn.AIOKafkaConnection, "_create_reader_task", ["self"]),
    (conn.AIOKafkaConnection, "_handle_frame", ["self", "resp"]),
    (conn.AIOKafkaConnection, "send", ["self", "request", "expect_response"]),
]


@pytest.mark.parametrize(
    ("owner", "name", "parameters"), OVERRIDDEN, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_method_that_the_engine_replaces_or_calls_is_still_there(
    owner: type[Any], name: str, parameters: list[str]
) -> None:
    """A renamed method would leave the engine's own one without effect."""
    method = getattr(owner, name, None)
    assert method is not None, (
        f"{owner.__module__}.{owner.__name__}.{name} is gone: the engine's has no effect any more"
    )
    found = list(inspect.signature(method).parameters)
    assert found == parameters, f"{owner.__name__}.{name} takes {found} now; the engine passes {parameters}"


READ_IN_SOURCE: list[tuple[Any, str, str]] = [
    (faust_consumer.Consumer, "self._buffered_partitions", "batches of a full buffer would be given back"),
    (faust_consumer.Consumer, "self._committed_offset", "the engine could not tell where a partition was sought to"),
    (faust_consumer.Consumer, "self._acked_index", "Faust's own acks would grow for ever"),
    (faust_consumer.Consumer._drain_messages, "self._add_gap(", "gaps would be counted as processed again"),
    (faust_consumer.Consumer.getmany, "self.perform_seek()", "a seek while the flow is stopped is expected here"),
    (faust_consumer.Consumer._commit_handler.fun, "await self.commit()", "the flush cycle replaces this task"),
    (Recovery, "self.active_highwaters", "the engine could not tell a table that was not restored"),
    (Recovery, "self.active_offsets", "the engine could not tell how far a table is restored"),
    (Recovery, "self.signal_recovery_start", "the engine could not tell a rebalance from a timeout"),
    (
        Recovery.on_recovery_completed,
        "consumer.resume_partitions(",
        "partitions are held from here until they are sought",
    ),
    (Recovery.on_recovery_completed, "consumer.perform_seek()", "partitions would never be let go"),
    (
        Recovery.on_recovery_completed,
        "self.app.flow_control.resume()\n        consumer.resume_flow()",
        "queues would be emptied after partitions flow again",
    ),
    (faust_app.App._on_partitions_revoked, "self._consumer_wait_empty", "nothing would be flushed before a rebalance"),
    (faust_app.App._stop_consumer, "self._consumer_wait_empty", "nothing would be flushed before a stop"),
    (
        driver.ConsumerRebalanceListener,
        "app.consumer_generation_id",
        "batches would be dropped as another generation's",
    ),
    (AIOKafkaConsumer, "self._fetch_max_wait_ms", "idle partitions would hold back busy ones"),
    (AIOKafkaConsumer.start, "self._coordinator", "membership could not be proven"),
    (AIOKafkaConsumer.stop, "self._coordinator.close()", "a worker would not leave its group"),
    (GroupCoordinator.close, "self._maybe_leave_group()", "a worker would not leave its group"),
    (GroupCoordinator._heartbeat_routine, "self._do_heartbeat()", "heartbeats would prove nothing"),
    (GroupCoordinator, "self._rejoin_needed_fut", "a heartbeat in a rebalance would count as a proof"),
    (GroupCoordinator, "self._coordination_task", "a dead coordinator would go unnoticed"),
    (GroupCoordinator, "self._closing", "an error of the group could not be passed on"),
    (fetcher.PartitionRecords, "self.next_fetch_offset", "positions would be lost"),
    (fetcher.PartitionRecords, "self._check_crcs", "corrupt bytes would be folded"),
    (fetcher.Fetcher, "PartitionRecords(", "records would come one by one"),
    (fetcher.Fetcher, "MemoryRecords(", "records would be unpacked by aiokafka"),
    (fetcher.Fetcher, "records.has_next()", "fetched bytes would not be looked into"),
    (fetcher.Fetcher, "records.size_in_bytes()", "a batch that is larger than a fetch would go unnoticed"),
    (conn.create_conn, "AIOKafkaConnection(", "connections would be aiokafka's own"),
    (conn.AIOKafkaConnection.connect, "AIOKafkaProtocol(", "answers would be copied four times"),
    (conn.AIOKafkaConnection.connect, "self._protocol = ", "answers would reach no connection"),
    (conn.AIOKafkaConnection.connect, "self._create_reader_task()", "answers would reach no connection"),
    (conn.AIOKafkaConnection, "reader.readexactly(4)", "the end of a connection would go unnoticed"),
    (conn.AIOKafkaConnection._handle_frame, "self._requests.popleft()", "answers would be taken for other requests'"),
    (conn.AIOKafkaConnection._handle_frame, "self._last_action = ", "busy connections would be closed as idle"),
    (conn.AIOKafkaConnection.send, "(correlation_id, request_struct, fut)", "answers would find no request"),
    (QueueServiceThread, "def call_thread", "the consumer's thread could not be asked"),
    (ServiceThread, "self.parent_loop", "a failure in the thread could not be told"),
    (Service, "self._crashed", "a crash would go unnoticed"),
]


@pytest.mark.parametrize(
    ("owner", "text", "reason"), READ_IN_SOURCE, ids=lambda value: getattr(value, "__qualname__", str(value))[:40]
)
def test_a_name_that_the_engine_relies_on_is_still_used_there(owner: Any, text: str, reason: str) -> None:
    """An attribute that moved would be set or read in vain."""
    assert text in inspect.getsource(owner), f"{text} is no longer in {owner}: {reason}"


def test_messages_carry_a_generation() -> None:
    """A message of no generation is dropped by the stream without a word."""
    assert "generation_id" in inspect.signature(ConsumerMessage.__init__).parameters


def test_the_compiled_parts_are_the_ones_in_use() -> None:
    """Without them Faust acknowledges events that a rebalance made it skip."""
    assert faust_streams._CStreamIterator is not None  # type: ignore[attr-defined]
    assert faust_conductor.ConductorHandler is not None  # type: ignore[attr-defined]


def test_stored_batches_tell_what_the_unpacker_asks() -> None:
    """The unpacker reads these of every stored record batch."""
    for name in ("base_offset", "next_offset", "is_control_batch", "timestamp_type", "max_timestamp", "validate_crc"):
        assert hasattr(DefaultRecordBatch, name), f"DefaultRecordBatch.{name} is gone"


def test_whole_batches_can_be_sent() -> None:
    """A flush hands over record batches and awaits one future for each."""
    assert list(inspect.signature(AIOKafkaProducer.send_batch).parameters) == ["self", "batch", "topic", "partition"]
    assert asyncio.iscoroutinefunction(AIOKafkaProducer.send_batch)
    assert {"timestamp", "key", "value", "headers"} <= set(inspect.signature(BatchBuilder.append).parameters)
    assert hasattr(BatchBuilder, "record_count")


def test_a_leave_request_names_group_and_member() -> None:
    """So a worker leaves by its own member id, never pushing out a successor with the same instance id."""
    assert list(inspect.signature(LeaveGroupRequest.__init__).parameters) == ["self", "group", "member_id"]


def test_the_installed_versions_are_the_proven_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version is refused with the package's name and what to do."""
    check_versions()
    monkeypatch.setitem(PINNED, "aiokafka", "0.0.1")
    with pytest.raises(UserError, match=re.escape("aiokafka")):
        check_versions()


def test_a_faust_without_its_compiled_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_CYTHON leaves the name empty; the engine then refuses to start."""
    monkeypatch.setattr(faust_streams, "_CStreamIterator", None)
    with pytest.raises(UserError, match="compiled extension"):
        check_versions()
