"""The one registry of topics: loaded from ``topics/*.yaml``, from which topics are created, checked and documented."""

from functools import lru_cache
from importlib.resources import files
from typing import Literal

import msgspec

from schemas.rejections import Reason

DAY_MS = 24 * 3600 * 1000
LEASE_MARGIN_S = 2
"""A leased record is refused this long before the group could have given its partition to another worker."""
LEASE_AHEAD_MS = 1000
"""A leased record's stamp may be this far ahead of the broker's clock."""


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a topic's value, in the order they came: ``schema`` names a file in ``json/``, or nothing."""

    version: int
    schema: str | None
    since: str


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a topic is for, who writes and reads it, and how the broker keeps it.

    ``partitions`` is a number, or ``facts``: as many as the setting PARTITIONS says. ``retention_days`` is absent for
    what is kept for ever; it goes by the record's timestamp. ``lease``: the broker takes a record only while its
    stamp, a proof of group membership, is younger than the session. ``rejects`` lists what may be wrong with a
    record, in order of precedence.
    """

    name: str
    kind: Literal["fact", "kpi", "side", "internal"]
    purpose: str
    key: str | None
    partitioned_by: str
    producers: list[str]
    consumers: list[str]
    partitions: int | Literal["facts"]
    cleanup: list[Literal["compact", "delete"]]
    retention_days: int | None
    timestamp: Literal["LogAppendTime", "CreateTime"]
    max_message_bytes: int
    versions: list[Version]
    min_compaction_lag_s: int | None = None
    max_compaction_lag_s: int | None = None
    lease: bool = False
    rejects: list[Reason] = []
    notes: str = ""

    @property
    def is_compacted(self) -> bool:
        """True where the broker keeps the last record of a key, however old."""
        return "compact" in self.cleanup

    @property
    def schema(self) -> str | None:
        """The name of the current version's JSON Schema, None for a form that is nobody else's business."""
        return self.versions[-1].schema

    def partition_count(self, partitions: int) -> int:
        """How many partitions the topic has where the setting PARTITIONS is ``partitions``."""
        return partitions if self.partitions == "facts" else self.partitions

    def config(self, session_timeout: float) -> dict[str, str]:
        """The broker's settings for this topic, under a group session of so many seconds.

        Raises ValueError for a leased topic and a session that leaves no time to write in.
        """
        settings = {
            "cleanup.policy": ",".join(self.cleanup),
            "retention.ms": str(-1 if self.retention_days is None else self.retention_days * DAY_MS),
            "segment.ms": str(self._segment_ms()),
            "message.timestamp.type": self.timestamp,
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.min_compaction_lag_s is not None:
            settings["min.compaction.lag.ms"] = str(self.min_compaction_lag_s * 1000)
        if self.max_compaction_lag_s is not None:
            settings["max.compaction.lag.ms"] = str(self.max_compaction_lag_s * 1000)
        if self.lease:
            settings |= lease_config(session_timeout)
        return settings

    def _segment_ms(self) -> int:
        # The broker deletes whole segments only: an eighth of the retention bounds by how much a fact outlives it.
        days = 7 if self.retention_days is None else min(7, max(1, self.retention_days // 8))
        return days * DAY_MS


def lease_config(session_timeout: float) -> dict[str, str]:
    """The settings that make the broker refuse what a worker writes after its membership may have ended.

    ``session_timeout`` is in seconds. Raises ValueError where it is not above the margin.
    """
    if session_timeout <= LEASE_MARGIN_S:
        raise ValueError(f"a session of {session_timeout} s leaves no lease; it takes over {LEASE_MARGIN_S} s")
    return {
        "message.timestamp.before.max.ms": str(round((session_timeout - LEASE_MARGIN_S) * 1000)),
        "message.timestamp.after.max.ms": str(LEASE_AHEAD_MS),
    }


_ORDER = (
    "dialer.calls.v1",
    "dialer.conversations.v1",
    "dialer.appointments.v1",
    "dialer.sales.v1",
    "dialer.presence.v1",
    "dialer.rejected.v1",
    "kpi.operator-hour.v1",
    "kpi.campaign-hour.v1",
    "kpi.team-hour.v1",
    "kpi.site-hour.v1",
    "dialpulse.definition.v1",
    "dialpulse.pages-changelog.v1",
    "dialpulse.contributions.v1",
    "dialpulse.rollups-changelog.v1",
)


@lru_cache(maxsize=1)
def _topics() -> tuple[Topic, ...]:
    folder = files("schemas").joinpath("topics")
    found = []
    for name in _ORDER:
        topic = msgspec.yaml.decode(folder.joinpath(f"{name}.yaml").read_bytes(), type=Topic)
        if topic.name != name:
            raise ValueError(f"topics/{name}.yaml describes {topic.name}; name the file after its topic")
        found.append(topic)
    return tuple(found)


def load() -> dict[str, Topic]:
    """Every topic by its name without prefix: facts in the order of the contract, then outputs, then internals.

    Raises ``msgspec.ValidationError`` or ValueError for a file that does not say what a topic needs.
    """
    return {topic.name: topic for topic in _topics()}
