"""What the engine's tests share: topics of their own, toy workers as processes, and a recount that knows no engine."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from schemas.registry import lease_config
from tests.integration.engine_toy import Toy, summary

PARTITIONS = 4
SESSION = 6.0
TOY = Path(__file__).with_name("engine_toy.py")


class Worker:
    """One toy worker: a process, and the lines that it printed."""

    def __init__(self, toy: Toy, log: Path) -> None:
        self.log = log
        self.lines: list[dict[str, Any]] = []
        command = [sys.executable, str(TOY), msgspec.json.encode(toy).decode()]
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def said(self, what: str) -> list[dict[str, Any]]:
        """The lines of one kind so far."""
        return [line for line in list(self.lines) if line["what"] == what]

    def wait_for(self, what: str, seconds: float = 30.0) -> dict[str, Any]:
        """The first line of one kind."""
        wait_until(lambda: bool(self.said(what)), f"{what} of the worker (log: {self.log})", seconds)
        return self.said(what)[0]

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Ends the worker with a signal and returns its exit code."""
        if self.process.poll() is None:
            self.send(number)
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code


class Rig:
    """One test's topics, group and workers on the run's broker."""

    def __init__(self, broker: str, prefix: str, folder: Path, sources: tuple[str, ...] = ("calls", "sales")) -> None:
        self.broker, self.prefix, self.folder = broker, prefix, folder
        self.sources = [prefix + name for name in sources]
        self.changelog, self.output, self.rejected = prefix + "changelog", prefix + "output", prefix + "rejected"
        self.group = prefix + "group"
        self.admin = AdminClient({"bootstrap.servers": broker, "log_level": 0})
        self.workers: list[Worker] = []
        arrival = {"message.timestamp.type": "LogAppendTime"}
        self.create(*((source, PARTITIONS, arrival) for source in self.sources))
        stamped = {"message.timestamp.type": "CreateTime", "cleanup.policy": "compact"}
        leased = stamped | lease_config(SESSION)
        self.create((self.changelog, PARTITIONS, {}), (self.output, PARTITIONS, leased), (self.rejected, 1, {}))

    def create(self, *topics: tuple[str, int, dict[str, str]]) -> None:
        """Makes topics."""
        wanted = [NewTopic(name, count, 1, config=config) for name, count, config in topics]
        for future in self.admin.create_topics(wanted).values():
            future.result()

    def configure(self, topic: str, **settings: str) -> None:
        """Changes settings of a topic; underscores stand for dots."""
        entries = [
            ConfigEntry(name.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
            for name, value in settings.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result()

    def start(self, instance: str = "w1", **changes: Any) -> Worker:
        """Starts a worker."""
        toy = Toy(
            broker=self.broker, group=self.group, instance=instance, sources=self.sources, changelog=self.changelog,
            output=self.output, rejected=self.rejected, partitions=PARTITIONS, session=SESSION,
        )  # fmt: skip
        worker = Worker(msgspec.structs.replace(toy, **changes), self.folder / f"{instance}.log")
        self.workers.append(worker)
        return worker

    def produce(self, count: int, *, seed: int = 1, rate: float = 0.0, **settings: Any) -> None:
        """Facts of all sources: duplicates and corrections among them, some at a rate per second."""
        chance = random.Random(seed)
        producer = Producer({"bootstrap.servers": self.broker, "linger.ms": 20, "log_level": 0, **settings})
        began = time.monotonic()
        for number in range(count):
            fact = {"id": f"{seed}-{chance.randrange(count)}", "key": f"k{chance.randrange(500)}"}
            value = json.dumps({**fact, "version": chance.randrange(3)}).encode()
            producer.produce(chance.choice(self.sources), value, fact["key"])
            if number % 50 == 0:
                producer.poll(0)
                ahead = number / rate - (time.monotonic() - began) if rate else 0
                time.sleep(max(0.0, ahead))
        assert producer.flush(30) == 0

    def read(self, topic: str, partitions: int = PARTITIONS) -> Iterator[Message]:
        """Every record of a topic up to its end as it is now."""
        consumer = self._consumer()
        parts = [TopicPartition(topic, number, 0) for number in range(partitions)]
        ends = {part.partition: _watermarks(consumer, part) for part in parts}
        left = {number for number, (low, high) in ends.items() if high > low}
        consumer.assign(parts)
        while left:
            for message in consumer.consume(5000, 1.0):
                assert message.error() is None
                yield message
            for part in consumer.position(parts):
                if part.offset >= ends[part.partition][1]:
                    left.discard(part.partition)
        consumer.close()

    def _consumer(self) -> Consumer:
        base = {"bootstrap.servers": self.broker, "enable.auto.commit": False, "log_level": 0}
        return Consumer({**base, "group.id": self.group, "auto.offset.reset": "earliest"})

    def ends(self, topic: str) -> dict[int, int]:
        """The log end of each partition."""
        consumer = self._consumer()
        parts = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        ends = {part.partition: _watermarks(consumer, part)[1] for part in parts}
        consumer.close()
        return ends

    def truth(self) -> dict[str, dict[str, int]]:
        """The pages as a recount of the sources has them."""
        pages: dict[str, dict[str, int]] = {}
        for source in self.sources:
            for message in self.read(source):
                fact = json.loads(message.value() or b"")
                page = pages.setdefault(fact["key"], {})
                page[fact["id"]] = max(fact["version"], page.get(fact["id"], -1))
        return pages

    def outputs(self) -> dict[str, bytes]:
        """The LAST record of each key of the output topic, as a compacting log would keep it."""
        return {(message.key() or b"").decode(): message.value() or b"" for message in self.read(self.output)}

    def restored(self) -> dict[str, dict[str, int]]:
        """The pages as a worker on a new machine restores them from the changelog."""
        file = self.folder / "dump.json"
        worker = self.start("fresh", dump=str(file), group=self.prefix + "fresh")
        assert worker.process.wait(30) == 0
        pages: dict[str, dict[str, int]] = json.loads(file.read_text())
        return pages

    def committed(self) -> tuple[int, int]:
        """Offsets committed and log ends, summed over the sources."""
        consumer = self._consumer()
        parts = [TopicPartition(source, number) for source in self.sources for number in range(PARTITIONS)]
        done = sum(max(part.offset, 0) for part in patiently(lambda: consumer.committed(parts, timeout=10)))
        end = sum(_watermarks(consumer, part)[1] for part in parts)
        consumer.close()
        return done, end

    def wait_caught_up(self, seconds: float = 60.0) -> None:
        """Waits until everything produced is committed."""
        wait_until(lambda: len(set(self.committed())) == 1, "commits to reach the log's end", seconds)

    def wait_progress(self) -> None:
        """Waits until something more is committed."""
        before = self.committed()[0]
        wait_until(lambda: self.committed()[0] > before, "progress")

    def assert_exact(self) -> None:
        """Last outputs, restored pages and commits all agree with the recount."""
        truth = self.truth()
        assert self.outputs() == {key: summary(page) for key, page in truth.items()}
        assert self.restored() == truth
        done, end = self.committed()
        assert done == end

    def close(self) -> None:
        """Ends what still runs."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.send(signal.SIGCONT)
                worker.end(signal.SIGKILL)


Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer], seconds: float = 20.0) -> Answer:
    """A broker's answer, asked for again while it is still electing leaders or finding coordinators."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _watermarks(consumer: Consumer, part: TopicPartition) -> tuple[int, int]:
    """Where a partition begins and ends."""

    def ask() -> tuple[int, int]:
        # Else librdkafka goes by what it was told before the topic had all its partitions.
        consumer.list_topics(part.topic, timeout=10)
        found: tuple[int, int] = consumer.get_watermark_offsets(part, timeout=10)
        return found

    return patiently(ask)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Waits for a condition, or fails saying what did not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.1)
