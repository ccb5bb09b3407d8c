"""Where the engine must stop rather than go on, and what it then has committed."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition

from streams.local import LocalStack
from tests.integration.engine_rig import Rig


@pytest.fixture
def rig(stack: LocalStack, prefix: str, tmp_path: Path) -> Iterator[Rig]:
    """A rig of the test's own."""
    rig = Rig(stack.kafka, prefix, tmp_path)
    yield rig
    rig.close()


def test_a_refused_changelog_row_ends_the_worker_before_it_commits(rig: Rig) -> None:
    """No offset is committed whose rows the broker does not hold; once it takes them, the next worker is exact."""
    rig.configure(rig.changelog, max_message_bytes="300")
    rig.produce(3_000)
    worker = rig.start()
    assert worker.process.wait(30) == 1
    reason = worker.wait_for("stopped")["reason"]
    assert f"is more than topic {rig.changelog} takes (its max.message.bytes)" in reason
    assert rig.committed()[0] == 0
    rig.configure(rig.changelog, max_message_bytes="1048588")
    rig.start()
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_refused_rejection_ends_the_worker_before_anything_else_is_written(rig: Rig) -> None:
    """Rejected records are acknowledged before the changelog: after it, a replay would call their facts known."""
    rig.configure(rig.rejected, max_message_bytes="300")
    producer = Producer({"bootstrap.servers": rig.broker})
    producer.produce(rig.sources[0], b"x" * 1_000, partition=0)
    producer.produce(rig.sources[0], b'{"id": "a", "key": "k"}', partition=0)
    producer.flush(10)
    worker = rig.start()
    assert worker.process.wait(30) == 1
    assert f"is more than topic {rig.rejected} takes" in worker.wait_for("stopped")["reason"]
    assert not list(rig.read(rig.changelog))
    assert not list(rig.read(rig.output))
    assert rig.committed()[0] == 0


def test_a_raising_fold_ends_the_worker_and_commits_only_what_was_folded(rig: Rig) -> None:
    """An error while folding stops the worker; its batch is not committed, and the next worker folds it again."""
    rig.produce(1_000)
    rig.start().wait_for("assigned")
    rig.wait_caught_up()
    rig.workers[-1].end()
    rig.produce(1_000, seed=2)
    worker = rig.start(boom_at=700)
    assert worker.process.wait(30) == 1
    assert worker.said("stopped")[0]["reason"] == "ValueError: boom"
    assert rig.committed()[0] < 2_000
    rig.start()
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_stop_does_not_wait_for_a_broker_that_is_away(rig: Rig, stack: LocalStack) -> None:
    """A worker asked to stop ends in bounded time with what it has committed; the next one does the rest."""
    rig.produce(500)
    worker = rig.start(stop_within=3.0)
    rig.wait_caught_up()
    source = threading.Thread(target=rig.produce, args=(2_000,), kwargs={"seed": 2, "rate": 1_000.0})
    source.start()
    rig.wait_progress()
    os.kill(stack.kafka_pid, signal.SIGSTOP)
    try:
        assert worker.end(seconds=15) in (0, 1)
    finally:
        os.kill(stack.kafka_pid, signal.SIGCONT)
    source.join()
    rig.start()
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_changelog_that_cannot_be_read_ends_the_worker(rig: Rig) -> None:
    """A row that is no row must not leave a hole in the state."""
    producer = Producer({"bootstrap.servers": rig.broker})
    producer.produce(rig.changelog, b"\xff no row", partition=2)
    producer.flush(10)
    worker = rig.start()
    assert worker.process.wait(30) == 1
    assert f"cannot restore pages from {rig.changelog}" in worker.said("stopped")[0]["reason"]


def test_a_missing_topic_ends_the_worker_with_what_to_do(rig: Rig) -> None:
    """A worker whose topics do not all share their partitions refuses to work on half of them, and says so."""
    worker = rig.start(sources=[*rig.sources, rig.prefix + "absent"])
    assert worker.process.wait(30) == 2
    reason = worker.said("stopped")[0]["reason"]
    assert rig.prefix + "absent" in reason
    assert "must exist with one partition count" in reason


def test_what_retention_removed_unread_is_told_and_passed_over(rig: Rig) -> None:
    """A worker that comes back after its facts expired reads on where the log begins, and says what is gone."""
    rig.produce(500)
    rig.start().wait_for("assigned")
    rig.wait_caught_up()
    rig.workers[-1].end()
    rig.produce(500, seed=2)
    topic = rig.sources[0]
    ends = rig.ends(topic)
    parts = [TopicPartition(topic, number, end) for number, end in ends.items()]
    for future in rig.admin.delete_records(parts).values():
        future.result()
    rig.produce(500, seed=3)
    worker = rig.start()
    rig.wait_caught_up()
    gone = {line["partition"]: line["following"] for line in worker.said("expired")}
    assert gone == ends
    assert worker.end() == 0


def test_a_log_that_ends_before_what_was_committed_ends_the_worker_with_what_to_do(rig: Rig) -> None:
    """Committed offsets beyond a topic's end would skip the next facts in silence."""
    rig.produce(500)
    rig.start().wait_for("assigned")
    rig.wait_caught_up()
    rig.workers[-1].end()
    beyond = [TopicPartition(rig.sources[0], number, 5_000) for number in range(4)]
    request = ConsumerGroupTopicPartitions(rig.group, beyond)
    for future in rig.admin.alter_consumer_group_offsets([request]).values():
        assert all(part.error is None for part in future.result().topic_partitions)
    rig.produce(500, seed=2)
    worker = rig.start()
    assert worker.process.wait(30) == 2
    assert "but was read up to 5000" in worker.said("stopped")[0]["reason"]
    assert "reset the group's offsets" in worker.said("stopped")[0]["reason"]
