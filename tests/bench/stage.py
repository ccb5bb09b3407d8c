"""Where contenders run: a real Kafka and Redis of their own, filled once, and emptied of results before each run."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic
from redis import Redis

from schemas import registry
from streams import topics
from streams.errors import UserError
from streams.local import LocalStack
from streams.settings import Settings, load_settings
from tests.bench.workload import Floor, last_full_hour, records

PARTITIONS = 16
CALLS, CONTRIBUTIONS = "dialer.calls.v1", "dialpulse.contributions.v1"
TOLD_EVERY_S = 2.0
NOTE = "floor.json"
"""Says, in the stack's folder, which facts are there."""
BATCH, READ_AT_ONCE = 2_000, 10_000
Say = Callable[[str], None]


class Stage:
    """One stack and the topic of calls in it; ``partitions`` serves tests, which are small."""

    def __init__(self, stack: LocalStack, say: Say, prefix: str = "bench.", partitions: int = PARTITIONS) -> None:
        self.say = say
        self.stack = stack
        self.kafka = stack.kafka
        self.settings: Settings = load_settings(
            kafka=stack.kafka,
            redis_url=stack.redis_url,
            prefix=prefix,
            partitions=partitions,
            time_zone="Europe/Paris",
            # No hour becomes final meanwhile: none of the others knows what that is.
            final_grace=86_400,
        )
        self._fills = 0
        self.source = self._all = self.settings.topic(CALLS)
        self.redis: Any = Redis.from_url(stack.redis_url)
        self._admin = AdminClient({"bootstrap.servers": self.kafka, "log_level": 0})

    @property
    def pids(self) -> list[int]:
        """The servers' process ids."""
        return [self.stack.kafka_pid, self.stack.redis_pid]

    @contextmanager
    def smaller(self, floor: Floor) -> Iterator[None]:
        """Another topic of calls meanwhile, for who would need hours for all: it holds the smaller floor's."""
        self.source = f"{self._all}.{floor.facts}"
        try:
            if self.source not in self.topics():
                self.make([self.source])
                self._pour(floor)
            yield
        finally:
            self.source = self._all

    def fill(self, floor: Floor) -> None:
        """Puts the floor's records into the topic of calls, which is made anew."""
        self.empty(keep=())
        self._pour(floor)

    def _pour(self, floor: Floor) -> None:
        producer = filler(self.kafka)
        batch: list[dict[str, bytes]] = []
        ticker = Ticker(self.say, "filling Kafka", floor.facts)
        for done, (key, value) in enumerate(records(floor), 1):
            batch.append({"key": key, "value": value})
            if len(batch) == BATCH or done == floor.facts:
                pour(producer, self.source, batch)
                batch = []
                ticker.at(done)
        settle(producer)

    def more(self, facts: int) -> int:
        """Puts so many more facts, unlike all before, into the topic of calls; gives how many are in it now."""
        self._fills += 1
        # A folder that is kept must not pass for freshly filled.
        (Path(self.stack.folder) / NOTE).unlink(missing_ok=True)
        self._pour(Floor(facts, seed=100 + self._fills, end_s=last_full_hour()))
        return self.ends(self.source)

    def empty(self, keep: Iterable[str] = (CALLS,)) -> None:
        """Makes every topic of the pipeline anew but these, and forgets its group and what Redis holds."""
        kept = {self.settings.topic(name) for name in keep}
        if self._all not in kept:
            (Path(self.stack.folder) / NOTE).unlink(missing_ok=True)
        self.drop_group(self.settings.group)
        self.drop([self.settings.topic(name) for name in registry.load()], but=kept)
        for key in self.redis.scan_iter(f"{self.settings.prefix}*", count=10_000):
            self.redis.unlink(key)
        topics.apply(self.settings)

    def make(self, names: Iterable[str], **config: str) -> None:
        """Makes empty topics with as many partitions as the facts have."""
        wanted = [NewTopic(name, self.settings.partitions, 1, config=config) for name in names]
        self.drop([topic.topic for topic in wanted])
        for done in self._admin.create_topics(wanted).values():
            done.result(30)

    def drop(self, names: Iterable[str], but: Iterable[str] = ()) -> None:
        """Deletes topics that are there, and waits until they are gone."""
        doomed = (set(names) & self.topics()) - set(but)
        for done in (self._admin.delete_topics(list(doomed)) if doomed else {}).values():
            done.result(30)
        wait(lambda: not doomed & self.topics(), "Kafka still has deleted topics")

    def topics(self) -> set[str]:
        """The names of all topics."""
        return set(self._admin.list_topics(timeout=30).topics)

    def drop_group(self, group: str) -> None:
        """Forgets a consumer group, where there is one, once its members have gone."""

        def gone() -> bool:
            groups = self._admin.list_consumer_groups(request_timeout=30).result(60).valid
            if group not in {one.group_id for one in groups}:
                return True
            try:
                self._admin.delete_consumer_groups([group])[group].result(60)
            except KafkaException as error:
                if error.args[0].code() not in (KafkaError.NON_EMPTY_GROUP, KafkaError.GROUP_ID_NOT_FOUND):
                    raise
            return False

        wait(gone, f"the group {group} still has members")

    def set_for(self, topic: str, **config: str) -> None:
        """Changes settings of one topic."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=config)
        self._admin.alter_configs([resource])[resource].result(30)

    def ends(self, topic: str) -> int:
        """The sum of a topic's log ends."""
        with Reader(self.kafka, "bench-ends") as reader:
            return reader.ends(topic, self.settings.partitions)

    def bytes_of(self, topic: str) -> int:
        """The size of a topic's segments on disk."""
        log = Path(self.stack.folder) / "kafka" / "log"
        folders = [log / f"{topic}-{number}" for number in range(self.settings.partitions)]
        return sum(file.stat().st_size for folder in folders for file in folder.glob("*.log"))


class Reader:
    """A plain consumer of this machine's Kafka, in some group or other."""

    def __init__(self, kafka: str, group: str) -> None:
        options = {"bootstrap.servers": kafka, "group.id": group, "enable.auto.commit": False, "log_level": 0}
        # Its defaults are to pause a second whenever its queue is full, and to let a fetch of nothing, half a second
        # long, hold up whatever is asked next.
        prompt = {"fetch.queue.backoff.ms": 5, "fetch.wait.max.ms": 20}
        self.client = Consumer(options | prompt | {"auto.offset.reset": "earliest"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def _bounds(self, place: TopicPartition) -> tuple[int, int]:
        """The first offset of a partition and its end; a broker that has just started may not know them yet."""
        give_up = time.monotonic() + 60
        while True:
            try:
                return self.client.get_watermark_offsets(place, timeout=30)
            except KafkaException:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.2)

    def ends(self, topic: str, partitions: int) -> int:
        """The sum of a topic's log ends."""
        places = [TopicPartition(topic, number) for number in range(partitions)]
        return sum(self._bounds(place)[1] for place in places)

    def follow(self, topic: str, partitions: int) -> None:
        """Reads on from the topic's end."""
        places = [TopicPartition(topic, number) for number in range(partitions)]
        for place in places:
            place.offset = self._bounds(place)[1]
        self.client.assign(places)

    def committed(self, topic: str, partitions: int) -> int:
        """The sum of what the reader's group has committed."""
        places = [TopicPartition(topic, number) for number in range(partitions)]
        return sum(max(0, place.offset) for place in self.client.committed(places, timeout=30))

    def partition(self, topic: str, number: int) -> Iterable[Any]:
        """Every message that one partition holds now."""
        place = TopicPartition(topic, number, 0)
        low, end = self._bounds(place)
        if low >= end:
            return
        self.client.assign([place])
        at = low
        while at < end:
            # No more than there is: it would wait for the rest.
            for message in self.client.consume(min(READ_AT_ONCE, end - at), 1.0):
                if message.error() is not None:
                    raise UserError(f"Kafka: {message.error()}", exit_code=1)
                at = message.offset() + 1
                yield message
        self.client.unassign()


def filler(kafka: str) -> Producer:
    """A producer of large batches, which places keys where Kafka's Java client does."""
    return Producer(
        {
            "bootstrap.servers": kafka,
            "partitioner": "murmur2_random",
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 50,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 500_000,
            "log_level": 0,
        }
    )


def pour(producer: Producer, topic: str, batch: list[dict[str, bytes]]) -> None:
    """Hands a batch over; waits while too much is on its way."""
    while batch:
        producer.produce_batch(topic, batch)
        batch = [{"key": one["key"], "value": one["value"]} for one in batch if "_error" in one]
        producer.poll(0.2 if batch else 0)


def settle(producer: Producer) -> None:
    """Returns once Kafka has everything."""
    if left := producer.flush(120):
        raise UserError(f"Kafka did not take {left} records of the fill within two minutes", exit_code=1)


class Ticker:
    """Tells how far something has come, every few seconds."""

    def __init__(self, say: Say, what: str, of: int) -> None:
        self._say, self._what, self._of = say, what, of
        self._began = self._told = time.monotonic()

    def at(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if now - self._told >= TOLD_EVERY_S:
            self._told = now
            self._say(f"{self._what}: {done:,} of {self._of:,} facts, {now - self._began:.0f} s")


def wait(condition: Callable[[], object], otherwise: str, within_s: float = 120.0, pause_s: float = 0.05) -> None:
    """Returns once the condition holds; UserError in these words where it does not in time."""
    give_up = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > give_up:
            raise UserError(f"{otherwise} after {within_s:.0f} s", exit_code=1)
        time.sleep(pause_s)
