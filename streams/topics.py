"""Topics on the broker, made from the registry and compared with it; nothing is ever shrunk or deleted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource
from kafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from schemas import registry
from schemas.rights import ALTER_CONFIGS, CREATE, DESCRIBE, DESCRIBE_CONFIGS
from streams.broker.clients import open_admin, told
from streams.broker.rights import Lack, insist_on_role, lacks_on_topic, refuse
from streams.errors import UserError
from streams.settings import Settings, env_name

_ALREADY_THERE, _MISSING = TopicAlreadyExistsError.errno, UnknownTopicOrPartitionError.errno
_NOT_ALLOWED = TopicAuthorizationFailedError.errno
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

    @property
    def is_harmless(self) -> bool:
        """More than the registry asks for: records kept longer or taken larger, or more copies of them."""
        if self.found is None or self.setting not in (*_SIZES, "replication"):
            return False
        return _size(self.found) > _size(self.wanted)

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.can_be_applied:
            return "run dialpulse topics apply"
        if self.setting == "partitions":
            return (
                f"set {env_name('partitions')}={self.found} where this system began with so many, else move to a new "
                f"{env_name('prefix')}: a count never changes once there are facts"
            )
        if self.setting == "replication":
            return f"set {env_name('replication')}={self.found}, or have the brokers make more copies"
        return "settle it by hand: facts are at stake"

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
            refuse(settings, [one for topic in admin.describe_topics(list(changes)) for one in _unalterable(topic)])
            admin.alter_configs([ConfigResource("topic", name, new) for name, new in changes.items()])
            _wait_until_seen(admin, settings, differences)
    made = [f"{name} made" for name in missing]
    return made + [f"{name}: {key} set to {value}" for name, new in changes.items() for key, value in new.items()]


def check(settings: Settings, role: str | None = None) -> list[Difference]:
    """Every difference between the broker's topics and the registry.

    UserError where the broker cannot be asked, and where this user lacks a right that the role needs.
    """
    with _admin(settings) as admin:
        if role:
            insist_on_role(settings, admin, role)
        return _differences(admin, settings)


@contextmanager
def _admin(settings: Settings) -> Iterator[Any]:
    admin = open_admin(settings)
    try:
        with told(settings):
            yield admin
    finally:
        admin.close()


def _unalterable(topic: dict[str, Any]) -> list[Lack]:
    return lacks_on_topic(topic, ALTER_CONFIGS)


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
        if topic["error_code"] == _NOT_ALLOWED:
            refuse(settings, [Lack("topic", topic["name"], CREATE)])
        # Another process may have made it meanwhile, which is as good.
        if topic["error_code"] not in (0, _ALREADY_THERE):
            raise UserError(f"Kafka would not make {topic['name']}: {topic['error_message']}", exit_code=1)
    admin.wait_for_topics(names)


def _differences(admin: Any, settings: Settings) -> list[Difference]:
    topics = {settings.topic(topic.name): topic for topic in registry.load().values()}
    described = {topic["name"]: topic for topic in admin.describe_topics(list(topics))}
    # By name: a list of all topics leaves out those that this user may not see.
    refuse(settings, [one for topic in described.values() for one in lacks_on_topic(topic, DESCRIBE, DESCRIBE_CONFIGS)])
    shapes = {name: topic["partitions"] for name, topic in described.items() if topic["error_code"] != _MISSING}
    present = list(shapes)
    # Only what is compared: of everything a topic has, reading the answer alone would take the client a second.
    resources = [ConfigResource("topic", name, list(_config(topics[name], settings))) for name in present]
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
