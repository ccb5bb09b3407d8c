"""Whatever form records have in the log, each of them reaches the ledger once, with its offset and time."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.local import LocalStack
from tests.integration.engine_rig import Rig, wait_until


@pytest.fixture
def rig(stack: LocalStack, prefix: str, tmp_path: Path) -> Iterator[Rig]:
    """A rig of the test's own."""
    rig = Rig(stack.kafka, prefix, tmp_path)
    yield rig
    rig.close()


def test_every_codec_is_read_and_written(rig: Rig) -> None:
    """Compression is the producer's choice, and none of the fold's business."""
    for seed, codec in enumerate(("none", "gzip", "snappy", "lz4", "zstd"), start=1):
        rig.produce(400, seed=seed, **{"compression.type": codec})
    rig.start(compression="lz4")
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_producer_with_transactions_leaves_no_hole(rig: Rig) -> None:
    """Markers of transactions take offsets but are no records: they are passed over, and committed past."""
    producer = Producer({"bootstrap.servers": rig.broker, "transactional.id": rig.prefix + "producer"})
    producer.init_transactions(30)
    rig.start().wait_for("assigned")
    for number in range(5):
        producer.begin_transaction()
        for partition in range(4):
            fact = json.dumps({"id": f"t{number}", "key": f"k{partition}", "version": 0}).encode()
            producer.produce(rig.sources[0], fact, partition=partition)
        producer.commit_transaction(30)
        time.sleep(0.3)
    rig.wait_caught_up()
    rig.assert_exact()


def test_rejected_records_carry_the_offset_where_they_lie(rig: Rig) -> None:
    """Null values and bytes that are no JSON go to the rejected topic, each once, with its own offset."""
    producer = Producer({"bootstrap.servers": rig.broker})
    values = [b'{"id": "a", "key": "k"}', None, b"\xff\xfe", b'{"id": "b", "key": "k"}', b"[" * 60_000, b""]
    for value in values:
        producer.produce(rig.sources[0], value, partition=1)
    producer.flush(10)
    rig.start()
    rig.wait_caught_up()
    found = {int(dict(message.headers() or [])["offset"] or b"-1") for message in rig.read(rig.rejected, 1)}
    assert found == {1, 2, 4, 5}
    assert json.loads(rig.outputs()["k"])["count"] == 2


def test_status_and_progress_tell_when_a_topic_is_read_to_its_end(rig: Rig) -> None:
    """A worker is ready once it is caught up and flushing; an empty partition is read to its end as well."""
    producer = Producer({"bootstrap.servers": rig.broker})
    before = int(time.time() * 1000)
    producer.produce(rig.sources[0], b'{"id": "a", "key": "k"}', partition=2, timestamp=1)
    producer.flush(10)
    worker = rig.start(report=True)

    def settled() -> bool:
        [*_, last] = worker.said("status") or [{"ready": False, "parts": []}]
        return bool(last["ready"]) and all(part[2] for part in last["parts"])

    wait_until(settled, "the worker to be ready and at the end of all partitions")
    last = worker.said("status")[-1]
    assert last["lag"] == 0
    assert last["last_flush"] == pytest.approx(time.time(), abs=5)
    arrivals = {(topic, number): (arrived, position) for topic, number, _, arrived, position in last["parts"]}
    arrived, position = arrivals.pop((rig.sources[0], 2))
    assert before - 1_000 <= arrived <= time.time() * 1000 + 1_000
    assert position == 1
    assert set(arrivals.values()) == {(None, 0)}


def test_a_flush_in_between_bounds_what_is_unflushed(rig: Rig) -> None:
    """Touched pages are flushed before the next batch once they are many, however long the interval is."""
    rig.produce(4_000)
    rig.start(flush_interval=30.0, max_unflushed=50)
    wait_until(lambda: rig.committed()[0] > 0, "a commit long before the interval", 15)
