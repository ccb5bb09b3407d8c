"""What the tests of the whole pipeline share: facts put into a real Kafka, and everything published read back."""

import json
import re
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from processors.owners import owner_of
from processors.times import parse_time
from schemas.kpis import KPI_TYPES
from schemas.redis_keys import LEVELS, snapshot_key
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.recount.reconcile import reconcile
from streams.recount.report import Report
from streams.settings import Settings, load_settings

CALLS, CONVERSATIONS, APPOINTMENTS = "dialer.calls.v1", "dialer.conversations.v1", "dialer.appointments.v1"
OPERATOR_HOURS, REJECTED = "kpi.operator-hour.v1", "dialer.rejected.v1"
LEVEL_OF = dict(zip(KPI_TYPES, LEVELS, strict=True))
"""The level of Redis keys that holds a KPI topic's records."""
ROLL_UP_TOPICS = tuple(KPI_TYPES)[1:]
GREATEST_RECORD = 4_000_000
ANYWHERE = -1
"""To Kafka's producer: where the key says."""

Kept = dict[str, bytes]
"""By key, the record of the greatest revision, as a reader keeps it."""


class Place(NamedTuple):
    """Where a record lies; the topic by its name in the registry."""

    topic: str
    partition: int
    offset: int


def fresh(stack: LocalStack, **overrides: Any) -> Settings:
    """Settings under a prefix that nobody else has, with four partitions unless said otherwise."""
    named = {"prefix": f"t{uuid.uuid4().hex[:12]}.", "partitions": 4} | overrides
    return load_settings(kafka=stack.kafka, redis_url=stack.redis_url, **named)


def at(second: float) -> str:
    """An instant (epoch seconds) as facts write it."""
    return datetime.fromtimestamp(second, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(seconds: float) -> str:
    """The instant so many seconds ago as facts write it."""
    return at(time.time() - seconds)


def hour_of(instant: str) -> str:
    """The UTC hour that an instant in UTC lies in."""
    return f"{instant[:13]}:00:00Z"


def fact(topic: str, key: bytes | None = None, **fields: Any) -> Outgoing:
    """A fact of o1 and the campaign autumn unless said otherwise, under its owner's key unless another is given."""
    value = {"operator_id": "o1", "campaign_id": "autumn"} | fields
    owner = owner_of(value["operator_id"], value["campaign_id"]).encode()
    return Outgoing(0, topic, owner if key is None else key, json.dumps(value).encode())


def call(call_id: str, started_at: str, key: bytes | None = None, **fields: Any) -> Outgoing:
    """A call's fact."""
    return fact(CALLS, key, call_id=call_id, started_at=started_at, **fields)


class Source:
    """A dialer's producer: places records by murmur2 of their key, or where it is told to."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: list[Place | None] = []
        self._producer = Producer(
            {
                "bootstrap.servers": settings.kafka,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 1,
                "message.max.bytes": GREATEST_RECORD,
                "queue.buffering.max.messages": 200_000,
            }
        )

    def send(self, record: Outgoing, partition: int | None = None) -> None:
        """Hands one record over; its delivery is looked at by ``flush``."""
        number, prefix = len(self._places), self._settings.prefix
        self._places.append(None)

        def delivered(error: Any, message: Any) -> None:
            assert error is None, error
            self._places[number] = Place(message.topic().removeprefix(prefix), message.partition(), message.offset())

        name, where = self._settings.topic(record.topic), ANYWHERE if partition is None else partition
        self._producer.produce(name, key=record.key, value=record.value, partition=where, on_delivery=delivered)
        self._producer.poll(0)

    def flush(self) -> list[Place]:
        """Returns once Kafka has everything; where each record lies, in the order of sending."""
        assert self._producer.flush(60) == 0
        return [place for place in self._places if place is not None]


def send(settings: Settings, records: Iterable[Outgoing], partition: int | None = None) -> list[Place]:
    """Sends records in order and gives where each lies."""
    source = Source(settings)
    for record in records:
        source.send(record, partition)
    return source.flush()


def log(settings: Settings, topic: str) -> list[Any]:
    """Every record that a topic holds now, in order within each partition."""
    return list(_reading(settings, topic))


def _reading(settings: Settings, topic: str) -> Iterator[Any]:
    options = {"bootstrap.servers": settings.kafka, "group.id": "reader", "enable.auto.commit": False}
    consumer = Consumer(options | {"fetch.wait.max.ms": 50, "fetch.message.max.bytes": GREATEST_RECORD})
    try:
        places = [TopicPartition(settings.topic(topic), number, 0) for number in range(settings.partitions)]
        ends = {place.partition: consumer.get_watermark_offsets(place, timeout=10)[1] for place in places}
        # Assigned once the ends are known: a fetch on its way would hold up the question.
        consumer.assign(places)
        left = {partition for partition, end in ends.items() if end}
        while left:
            message: Any = consumer.poll(10)
            assert message is not None, f"{topic}: nothing came of partitions {left}"
            assert message.error() is None, message.error()
            if message.offset() >= ends[message.partition()] - 1:
                left.discard(message.partition())
            yield message
    finally:
        consumer.close()


def kept(settings: Settings, topic: str) -> Kept:
    """A KPI topic as its readers have it: of each key the greatest revision, which must also be the last."""
    found: Kept = {}
    revisions: dict[str, str] = {}
    for message in _reading(settings, topic):
        key, revision = message.key().decode(), json.loads(message.value())["revision"]
        assert revision >= revisions.get(key, ""), f"{topic} {key} fell back to {revision}"
        found[key], revisions[key] = message.value(), revision
    return found


def bodies(settings: Settings, topic: str) -> dict[str, Any]:
    """The same, decoded as the schema's record."""
    return {key: msgspec.json.decode(value, type=KPI_TYPES[topic]) for key, value in kept(settings, topic).items()}


def unstamped(value: bytes) -> bytes:
    """A record without the time of its writing."""
    return re.sub(rb'"emitted_at":"[^"]*"', b"", value, count=1)


def redis_of(settings: Settings) -> Any:
    """A client of the run's Redis."""
    return Redis.from_url(settings.redis_url)


def redis_key(settings: Settings, topic: str, key: str) -> str:
    """Where Redis has the record of a KPI topic's key."""
    identity, _, hour = key.rpartition("|")
    return snapshot_key(settings.prefix, LEVEL_OF[topic], identity, parse_time(hour))


def assert_redis_equals_topics(settings: Settings, within_s: float = 20.0) -> int:
    """Every record of the four KPI topics stands in Redis, but for the time of writing; gives how many."""
    wanted = {
        redis_key(settings, topic, key): unstamped(value)
        for topic in KPI_TYPES
        for key, value in kept(settings, topic).items()
    }
    client = redis_of(settings)

    def unlike() -> list[str]:
        names = list(wanted)
        values = client.mget(names) if names else []
        return [name for name, value in zip(names, values, strict=True) if unstamped(value or b"") != wanted[name]]

    wait_for(lambda: not unlike(), within_s, lambda: f"Redis differs from the topics in {unlike()[:5]}")
    return len(wanted)


def reconciled(settings: Settings) -> Report:
    """Recounts everything once the worker has passed it: 0 differences."""
    report = reconcile(settings)
    assert report.differences == [], "\n".join(map(str, report.differences[:10]))
    assert report.moving == []
    return report


def wait_for(
    condition: Callable[[], object], within_s: float = 30.0, otherwise: Callable[[], object] = lambda: "nothing came"
) -> None:
    """Returns once the condition holds; fails in its words where it does not in time."""
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, otherwise()
        time.sleep(0.05)


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def metrics(address: str) -> Samples:
    """Everything that a worker's /metrics shows."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    families = text_string_to_metric_families(text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def metric(samples: Samples, name: str, **labels: str) -> float:
    """The sum of a metric's series that have these labels."""
    wanted = set(labels.items())
    return sum(value for (sample, have), value in samples.items() if sample == name and wanted <= have)


@contextmanager
def redis_down(stack: LocalStack) -> Iterator[None]:
    """Redis is away meanwhile."""
    stack.stop_redis()
    try:
        yield
    finally:
        stack.start_redis()


def calls_in_turn(operators: int) -> Iterator[Outgoing]:
    """Calls of many operators without end, so that every partition always has something to do."""
    started_at = ago(30)
    for number in count():
        yield call(f"c{number}", started_at, operator_id=f"o{number % operators}")


@contextmanager
def pouring(settings: Settings, records: Iterable[Outgoing], rate: int) -> Iterator[Source]:
    """Sends records at a steady rate meanwhile (a second); all that were sent have been delivered afterwards."""
    source, ending = Source(settings), threading.Event()

    def pour() -> None:
        began = time.monotonic()
        for number, record in enumerate(records):
            if ending.wait(max(0.0, began + number / rate - time.monotonic())):
                return
            source.send(record)

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    try:
        yield source
    finally:
        ending.set()
        thread.join(10)
        source.flush()


def published(settings: Settings) -> dict[int, list[float]]:
    """When records of each partition were published (epoch seconds), in order."""
    found: dict[int, list[float]] = {number: [] for number in range(settings.partitions)}
    for message in log(settings, OPERATOR_HOURS):
        # Not the record's own stamp: that is a proof of membership, and older.
        emitted = datetime.fromisoformat(json.loads(message.value())["emitted_at"])
        found[message.partition()].append(emitted.timestamp())
    return {number: sorted(times) for number, times in found.items()}
