"""Where a campaign plays: a real Kafka and Redis of its own, topics that are compacted eagerly, and a disk to fill."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient

from schemas import registry
from streams import topics
from streams.local import LocalStack
from streams.settings import Settings, load_settings
from tests.faults.cluster import ClusterStack
from tests.faults.hard_facts import FACT_TOPICS, ZONES

PARTITIONS = 4
FINAL_GRACE_S = 60
DISK_BYTES = 3 << 30
SOURCES = (*FACT_TOPICS, "dialpulse.contributions.v1")
BROKEN_COORDINATOR = b"No in-memory snapshot for epoch"
UNLIMITED_MS = str(10 * 365 * 86_400_000)
EAGER = {
    "segment.bytes": str(1 << 20),
    "segment.ms": "3000",
    "min.cleanable.dirty.ratio": "0.01",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "5000",
}
"""Compaction that races the workers, where it usually comes minutes or hours later."""


@dataclass
class Stage:
    """One campaign's place: its stack, its settings, and where Kafka's data lie on a disk that can be filled."""

    stack: LocalStack
    settings: Settings
    disk: Path | None

    def ends(self, names: tuple[str, ...] = SOURCES) -> dict[TopicPartition, int]:
        """The end of every partition of these topics."""
        with self._client() as client:
            places = self._places(names)
            return {place: client.get_watermark_offsets(place, timeout=10)[1] for place in places}

    def committed(self, names: tuple[str, ...] = SOURCES) -> dict[TopicPartition, int]:
        """What the workers' group has committed, 0 where it has nothing."""
        with self._client() as client:
            places = client.committed(self._places(names), timeout=10)
            return {TopicPartition(place.topic, place.partition): max(place.offset, 0) for place in places}

    def progress(self) -> int | None:
        """The sum of what is committed; None while Kafka does not answer."""
        try:
            return sum(self.committed().values())
        except KafkaException:
            return None

    def lag(self) -> int | None:
        """Records not committed yet; None while Kafka does not answer."""
        try:
            return sum(self.ends().values()) - sum(self.committed().values())
        except KafkaException:
            return None

    def cleaned(self) -> int:
        """How many records of KPI topics Kafka's cleaner has passed over so far, as it notes itself."""
        noted = 0
        for checkpoint in (self.stack.folder / "kafka").glob("**/cleaner-offset-checkpoint"):
            with suppress(OSError):  # written anew at any time
                for line in checkpoint.read_text().splitlines():
                    name, _, place = line.partition(" ")
                    if name.startswith(f"{self.settings.prefix}kpi."):
                        noted += int(place.split()[1])
        return noted

    def restart_broken_coordinator(self) -> bool:
        """Starts the broker again where its group coordinator is beyond mending itself; whether it was.

        Kafka 4.3.1, killed and started again, can load its offsets to an earlier end than the log's, fail to go back to
        where it was, and answer no group any more until another start.
        """
        log = self.stack.folder / "kafka" / "log.txt"
        broken = log.is_file() and BROKEN_COORDINATOR in log.read_bytes()
        if broken:
            self.stack.kill_kafka()
            self.stack.start_kafka()
        return broken

    def _places(self, names: tuple[str, ...]) -> list[TopicPartition]:
        return [TopicPartition(self.settings.topic(name), number) for name in names for number in range(PARTITIONS)]

    @contextmanager
    def _client(self) -> Iterator[Consumer]:
        options = {"bootstrap.servers": self.settings.kafka, "group.id": self.settings.group, "log_level": 0}
        client = Consumer(options | {"enable.auto.commit": False})
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Kafka finds no room for another byte meanwhile."""
        if self.disk is None:
            with self._small_files():
                yield
            return
        _give_room(self.disk, 0)
        try:
            yield
        finally:
            _give_room(self.disk, DISK_BYTES)

    @contextmanager
    def _small_files(self) -> Iterator[None]:
        """Without the right to mount: no file of the broker's may grow, until it ends of that and is started anew."""
        pid = str(self.stack.kafka_pid)
        subprocess.run(["prlimit", "--pid", pid, "--fsize=1000:"], check=True)
        try:
            yield
        finally:
            subprocess.run(["prlimit", "--pid", pid, "--fsize=unlimited:"], check=False, capture_output=True)

    @contextmanager
    def frozen_redis(self) -> Iterator[None]:
        """Redis neither answers nor closes a connection meanwhile."""
        os.kill(self.stack.redis_pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.stack.redis_pid, signal.SIGCONT)


def _give_room(folder: Path, free: int) -> None:
    """Makes the disk in memory so large that this much is left on it, whatever else is written meanwhile."""
    for _ in range(50):
        now = os.statvfs(folder)
        size = (now.f_blocks - now.f_bfree) * now.f_frsize + free
        line = ["mount", "-o", f"remount,size={size}", str(folder)]
        if subprocess.run(line, capture_output=True, check=False).returncode == 0:
            return
    raise AssertionError(f"the disk at {folder} takes no other size")


@contextmanager
def disk(folder: Path) -> Iterator[Path | None]:
    """A small disk in memory, mounted at the folder; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    line = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mount = shutil.which("mount")
    if os.geteuid() != 0 or not mount or subprocess.run(line, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path, within_s: float = 10.0) -> None:
    """Takes the disk away, if there is one, once nobody has files open on it."""
    give_up = time.monotonic() + within_s
    while folder.is_mount() and time.monotonic() < give_up:
        subprocess.run(["umount", str(folder)], capture_output=True, check=False)
        time.sleep(0.1)


def campaign_settings(kafka: str, redis_url: str, prefix: str, **more: Any) -> Settings:
    """The settings of a campaign: two half-hour zones among the sites, a short grace."""
    return load_settings(
        kafka=kafka,
        redis_url=redis_url,
        prefix=prefix,
        partitions=PARTITIONS,
        site_time_zones=ZONES,
        final_grace=FINAL_GRACE_S,
        **more,
    )


def make_topics(settings: Settings, *, leased: bool) -> None:
    """The registry's topics, compacted eagerly; ``leased`` False takes the limit off the stamps of outputs."""
    topics.apply(settings)
    admin: Any = KafkaAdminClient(**settings.kafka_python())
    try:
        changes = []
        for topic in registry.load().values():
            config = dict(EAGER) if topic.is_compacted and topic.name != "dialpulse.definition.v1" else {}
            if topic.lease and not leased:
                config["message.timestamp.before.max.ms"] = UNLIMITED_MS
            if settings.replication > 1:
                config["min.insync.replicas"] = "2"
            if config:
                changes.append(ConfigResource("topic", settings.topic(topic.name), config))
        _insist(admin, changes)
        for broker in admin.describe_cluster()["brokers"]:
            backoff = {"log.cleaner.backoff.ms": "1000"}
            admin.alter_configs([ConfigResource("broker", str(broker["broker_id"]), backoff)])
    finally:
        admin.close()


def _insist(admin: Any, changes: list[Any]) -> None:
    """A broker tells a refused change in its answer only, and a campaign on other topics would prove something else."""
    asked = [ConfigResource("topic", change.name) for change in changes]
    give_up = time.monotonic() + 120
    while True:
        admin.alter_configs(changes)
        found = admin.describe_configs(asked, config_filter="all")["topic"]
        unlike = [
            f"{change.name}: {name} is {found[change.name][name]['value']}, not {value}"
            for change in changes
            for name, value in change.configs.items()
            if found[change.name][name]["value"] != value
        ]
        if not unlike:
            return
        assert time.monotonic() < give_up, unlike[0]
        time.sleep(1)


@contextmanager
def made_stack(folder: Path, nodes: int = 1) -> Iterator[tuple[LocalStack, Path | None]]:
    """Kafka (one broker or three) and Redis of a campaign's own, and the disk to fill, where there is one."""
    kind = LocalStack if nodes == 1 else ClusterStack

    def say(words: str) -> None:
        print(words, flush=True)

    with disk(folder / "kafka") as room, kind(folder, usual_ports=False, progress=say) as stack:
        yield stack, room


def set_stage(stack: LocalStack, room: Path | None, name: str, *, nodes: int = 1, leased: bool = True) -> Stage:
    """A campaign's topics, made under its name."""
    settings = campaign_settings(stack.kafka, stack.redis_url, f"{name}.", replication=nodes)
    make_topics(settings, leased=leased)
    return Stage(stack, settings, room)
