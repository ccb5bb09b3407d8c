"""The reader of docs/consuming.md against a real Kafka, its records in the worst order."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaProducer

from schemas.examples import encode
from streams import topics
from streams.settings import Settings
from tests.bad_order import GREATEST, TOPIC, Sent, calls_of_greatest, records, revision, value_of

CONSUME = Path(__file__).parents[2] / "docs/examples/consume.py"


class Line(NamedTuple):
    """What the reader prints of a record that it took."""

    hour: str
    revision: str
    calls: str
    key: str


def marks(settings: Settings, name: str) -> list[Sent]:
    """One record per partition: who has seen them all has seen whatever was sent before them."""
    keys = [f"{name}{number}|2026-11-23T13:00:00Z" for number in range(settings.partitions)]
    return [Sent(key, encode(value_of(key, revision(1, 1), 0)), number) for number, key in enumerate(keys)]


def produce(settings: Settings, sent: list[Sent]) -> None:
    producer = KafkaProducer(**settings.kafka_python(), acks="all", linger_ms=5)
    name = settings.topic(TOPIC)
    waiting = [producer.send(name, value=s.value, key=s.key.encode(), partition=s.partition) for s in sent]
    for one in waiting:
        one.get(timeout=30)
    producer.close()


@contextmanager
def reader(settings: Settings) -> Iterator[Iterator[Line]]:
    """The program of the page as it stands, and the lines that it prints."""
    words = [sys.executable, str(CONSUME), settings.kafka, settings.topic(TOPIC)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        try:
            yield (Line(*line.rstrip("\n").split(" ", 3)) for line in process.stdout)
        finally:
            process.kill()


def until(lines: Iterator[Line], sent: list[Sent]) -> list[Line]:
    """The lines of all other records, up to the last of the marks that were sent."""
    found: list[Line] = []
    left = {mark.key for mark in sent}
    for line in lines:
        if line.key not in left:
            found.append(line)
        left.discard(line.key)
        if not left:
            return found
    raise AssertionError(f"the reader ended before {left}")


def test_a_reader_that_comes_late_ends_with_the_greatest_revisions(settings: Settings) -> None:
    """Stale last, repeated, not final again, deleted by somebody: from the whole log the right record of each key."""
    topics.apply(settings)
    end = marks(settings, "end")
    produce(settings, records(settings.partitions) + end)
    with reader(settings) as lines:
        last = {line.key: line for line in until(lines, end)}
    assert {key: line.revision for key, line in last.items()} == GREATEST
    assert {key: int(line.calls) for key, line in last.items()} == calls_of_greatest()


def test_a_reader_that_follows_takes_each_revision_once_and_never_goes_back(settings: Settings) -> None:
    """Records that come while it reads: only greater ones are taken, so nothing is shown twice or undone."""
    topics.apply(settings)
    begin, end = marks(settings, "begin"), marks(settings, "end")
    produce(settings, begin)
    with reader(settings) as lines:
        assert until(lines, begin) == []
        produce(settings, records(settings.partitions) + records(settings.partitions) + end)
        found = until(lines, end)
    by_key: dict[str, list[str]] = {}
    for line in found:
        by_key.setdefault(line.key, []).append(line.revision)
    assert all(taken == sorted(set(taken)) for taken in by_key.values())
    assert {key: taken[-1] for key, taken in by_key.items()} == GREATEST
