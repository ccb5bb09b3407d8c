"""Topics on the broker, made from the registry and compared with it; nothing is ever shrunk or deleted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from schemas import registry
from streams.errors import UserError
from streams.settings import Settings

_ALREADY_THERE = TopicAlreadyExistsError.errno
# Less of one of these throws facts away, or refuses ones that were taken before: that is for a person to decide.
_SIZES = ("retention.ms", "max.message.bytes", "max.compaction.lag.ms")


@dataclass(frozen=True)
class Difference:
    """One thing about a topic that is not as the registry says; `found` is None where the topic is missing."""

    topic: str
    setting: str
    found: str | None
    wanted: str

    @property
    def can_be_applied(self) -> bool:
        """Whether `apply` puts it right: by making the topic, or by a setting that throws nothing away."""
        if self.found is None:
            return True
        if self.setting in ("partitions", "replication"):
            return False
        if self.setting == "cleanup.policy":
            return set(self.wanted.split(",")) <= set(self.found.split(","))
        return self.setting not in _SIZES or _size(self.wanted) >= _size(self.found)

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.topic} is missing"
        return f"{self.topic}: {self.setting} is {self.found}, and the registry says {self.wanted}"


def apply(settings: Settings) -> list[str]:
    """Makes what is missing, and changes settings where that throws nothing away; tells each thing done in a line.

    Partition counts are never changed: owners would land on other partitions than their earlier facts. What is left
    is what `check` still finds. UserError where the broker cannot be asked or refuses.
    """
    with _admin(settings) as admin:
        differences = [difference for difference in _differences(admin, settings) if difference.can_be_applied]
        missing = [difference.topic for difference in differences if difference.found is None]
        changes: dict[str, dict[str, str]] = {}
        for difference in differences:
            if difference.found is not None:
                changes.setdefault(difference.topic, {})[difference.setting] = difference.wanted
        if missing:
            _create(admin, settings, missing)
        if changes:
            admin.alter_configs([ConfigResource("topic", name, new) for name, new in changes.items()])
            _wait_until_seen(admin, settings, differences)
    made = [f"{name} made" for name in missing]
    return made + [f"{name}: {key} set to {value}" for name, new in changes.items() for key, value in new.items()]


def check(settings: Settings) -> list[Difference]:
    """Every difference between the broker's topics and the registry; UserError where the broker cannot be asked."""
    with _admin(settings) as admin:
        return _differences(admin, settings)


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    try:
        admin = KafkaAdminClient(**settings.kafka_python(), bootstrap_timeout_ms=10_000)
    except KafkaError as error:
        raise UserError(
            f"Kafka at {settings.kafka} does not answer ({error}): start it, or set DIALPULSE_KAFKA", exit_code=1
        ) from None
    try:
        yield admin
    except KafkaError as error:
        raise UserError(f"Kafka at {settings.kafka} refuses: {error}", exit_code=1) from None
    finally:
        admin.close()


def _config(topic: registry.Topic, settings: Settings) -> dict[str, str]:
    """The registry's settings, and how many copies must have a record before it counts as written."""
    # With fewer than three copies, asking for two would stop all writing when one broker is away.
    copies = 2 if settings.replication >= 3 else 1
    return {**topic.config(settings.session_timeout), "min.insync.replicas": str(copies)}


def _create(admin: Any, settings: Settings, names: list[str]) -> None:
    wanted = {
        settings.topic(topic.name): {
            "num_partitions": topic.partition_count(settings.partitions),
            "replication_factor": settings.replication,
            "configs": _config(topic, settings),
        }
        for topic in registry.load().values()
    }
    answer = admin.create_topics({name: wanted[name] for name in names}, raise_errors=False)
    for topic in answer["topics"]:
        # Another process may have made it meanwhile, which is as good.
        if topic["error_code"] not in (0, _ALREADY_THERE):
            raise UserError(f"Kafka would not make {topic['name']}: {topic['error_message']}", exit_code=1)
    admin.wait_for_topics(names)


def _differences(admin: Any, settings: Settings) -> list[Difference]:
    topics = {settings.topic(topic.name): topic for topic in registry.load().values()}
    there = set(admin.list_topics())
    present = [name for name in topics if name in there]
    shapes = {topic["name"]: topic["partitions"] for topic in admin.describe_topics(present)} if present else {}
    resources = [ConfigResource("topic", name) for name in present]
    configs = admin.describe_configs(resources, config_filter="all").get("topic", {}) if present else {}
    differences = []
    for name, topic in topics.items():
        if name not in shapes:
            differences.append(Difference(name, "topic", None, "there"))
            continue
        found = {key: entry["value"] for key, entry in configs[name].items()}
        found["partitions"] = str(len(shapes[name]))
        found["replication"] = str(min(len(partition["replica_nodes"]) for partition in shapes[name]))
        wanted = {
            "partitions": str(topic.partition_count(settings.partitions)),
            "replication": str(settings.replication),
            **_config(topic, settings),
        }
        differences += [
            Difference(name, key, str(found.get(key)), value)
            for key, value in wanted.items()
            if not _same(str(found.get(key)), value)
        ]
    return differences


def _wait_until_seen(admin: Any, settings: Settings, differences: list[Difference]) -> None:
    # The controller has the change at once; the broker that is asked next may learn of it a moment later.
    deadline = time.monotonic() + 10
    while left := set(_differences(admin, settings)) & set(differences):
        if time.monotonic() > deadline:
            raise UserError(f"Kafka has not taken this over within 10 s: {min(map(str, left))}", exit_code=1)
        time.sleep(0.1)


def _same(found: str, wanted: str) -> bool:
    return set(found.split(",")) == set(wanted.split(","))


def _size(value: str) -> float:
    return float("inf") if value == "-1" else float(value)
