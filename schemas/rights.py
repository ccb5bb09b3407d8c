"""The least rights that each kind of program needs at Kafka, for clusters with an authorizer.

From here the docs are made, and the checks of worker and doctor; names are those of the registry, without a prefix.
"""

from typing import Literal, NamedTuple

from schemas import registry

GROUP = "dialpulse"
"""The consumer group of the workers."""

Kind = Literal["topic", "group"]

DESCRIBE, READ, WRITE = "Describe", "Read", "Write"
DESCRIBE_CONFIGS, ALTER_CONFIGS, CREATE, DELETE = "DescribeConfigs", "AlterConfigs", "Create", "Delete"


class Right(NamedTuple):
    """What may be done with a topic or group; ``begins`` says that the name is only how theirs begin.

    Operations are spelled as Kafka's own tool for rules spells them.
    """

    kind: Kind
    name: str
    operations: tuple[str, ...]
    begins: bool = False


class Role(NamedTuple):
    """A kind of program: which it is, and what it must be allowed to do."""

    purpose: str
    rights: tuple[Right, ...]


CLOCK_TOPIC = "dialpulse.clock-"
"""How the topics begin that the doctor makes, and deletes, to compare clocks."""


def _topics(*kinds: str) -> list[str]:
    return [topic.name for topic in registry.load().values() if topic.kind in kinds]


def _on(names: list[str], *operations: str) -> list[Right]:
    return [Right("topic", name, operations) for name in names]


def _worker() -> list[Right]:
    facts, kpis, sides, internals = (_topics(kind) for kind in ("fact", "kpi", "side", "internal"))
    return [
        # It reads facts, and sends home those that lie in the wrong place.
        *_on(facts, READ, WRITE, DESCRIBE_CONFIGS),
        *_on([*kpis, *sides], WRITE, DESCRIBE_CONFIGS),
        *_on(internals, READ, WRITE, DESCRIBE_CONFIGS),
        Right("group", GROUP, (READ,)),
    ]


def _doctor() -> list[Right]:
    return [
        *_on(_topics("fact", "kpi", "side", "internal"), READ, DESCRIBE_CONFIGS),
        Right("group", GROUP, (DESCRIBE,)),
        Right("topic", CLOCK_TOPIC, (CREATE, DELETE, WRITE), begins=True),
    ]


def _recount() -> list[Right]:
    internals = ["dialpulse.definition.v1", "dialpulse.pages-changelog.v1", "dialpulse.contributions.v1"]
    return [*_on([*_topics("fact", "kpi", "side"), *internals], READ), Right("group", GROUP, (DESCRIBE,))]


def roles() -> dict[str, Role]:
    """Every role by its name."""
    everything = _topics("fact", "kpi", "side", "internal")
    return {
        "topics": Role("`dialpulse topics apply`", tuple(_on(everything, CREATE, DESCRIBE, ALTER_CONFIGS))),
        "worker": Role("`dialpulse worker`", tuple(_worker())),
        "source": Role(
            "a dialer's or CRM's producer, `dialpulse simulate`, `dialpulse replay`",
            tuple(_on(_topics("fact"), WRITE)),
        ),
        "recount": Role("`dialpulse reconcile`, `dialpulse explain`", tuple(_recount())),
        "doctor": Role("`dialpulse doctor`, `dialpulse topics check`", tuple(_doctor())),
        "reader": Role("a service that consumes the KPI topics", tuple(_on(_topics("kpi"), READ))),
    }
