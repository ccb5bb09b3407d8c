"""Topics read back whole, as any reader would."""

import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, TopicPartition

SILENCE_S = 15.0


def records(kafka: str, topic: str, partitions: int) -> Iterator[Any]:
    """Every record that a topic holds now, in order within each partition. Raises AssertionError where some stay out"""
    options = {"bootstrap.servers": kafka, "group.id": "campaign-reader", "enable.auto.commit": False, "log_level": 0}
    # The end of a partition may lie behind its last record: compaction takes records, and leaves the offset.
    consumer = Consumer(options | {"enable.partition.eof": True, "auto.offset.reset": "earliest"})
    try:
        places = [TopicPartition(topic, number, 0) for number in range(partitions)]
        consumer.assign(places)
        left, heard = set(range(partitions)), time.monotonic()
        while left:
            batch = consumer.consume(2000, 0.2)
            heard = time.monotonic() if batch else heard
            assert time.monotonic() - heard < SILENCE_S, f"{topic}: nothing came of partitions {left}"
            for message in batch:
                if message.error() is None:
                    yield message
                elif message.error().code() == -191:  # the end of a partition
                    left.discard(message.partition())
                else:
                    raise AssertionError(f"{topic}: {message.error()}")
    finally:
        consumer.close()
