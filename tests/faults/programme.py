"""Which faults a campaign has, and how each mutant is to be found out."""

from dataclasses import dataclass
from random import Random

LAST = "wakes in silence"
FULL: dict[str, int] = {
    "kill -9": 30,
    "kill -9 before outputs": 4,
    "frozen 6-20 s": 4,
    "frozen in a flush": 4,
    "frozen before Redis": 2,
    "frozen then killed": 2,
    "SIGTERM": 6,
    "joins and leaves": 4,
    "clock steps": 4,
    "a fetched batch lost": 2,
    "Kafka killed": 4,
    "disk full": 1,
    "Redis killed": 2,
    "Redis frozen": 2,
    "Redis emptied": 1,
}
"""Faults of a full campaign, about twelve minutes of them: three seeds make a hundred kills and twenty planned
rebalances."""

SHORT: dict[str, int] = {
    "kill -9": 8,
    "kill -9 before outputs": 2,
    "frozen in a flush": 2,
    "frozen before Redis": 1,
    "SIGTERM": 2,
    "joins and leaves": 1,
    "clock steps": 1,
    "a fetched batch lost": 1,
    "Kafka killed": 2,
    "Redis killed": 1,
    "Redis emptied": 1,
}
"""Faults of the short campaign that every test run plays."""

CLUSTER: dict[str, int] = {
    "kill -9": 6,
    "frozen in a flush": 2,
    "SIGTERM": 2,
    "leader killed": 6,
    "Redis killed": 1,
}
"""Faults of a campaign on three brokers."""

ZOMBIE_RATE = 300.0


@dataclass(frozen=True)
class Trap:
    """How a mutant is found out: faults that touch what it lacks. ``slow_seeks``: share of starts with slow offsets."""

    kinds: tuple[str, ...]
    slow_seeks: float = 0.0


TRAPS: dict[str, Trap] = {
    "commit-before-flush": Trap(("frozen then killed",) * 2),
    "last-row-wins": Trap(("long zombie", "long zombie", LAST)),
    "no-hold-before-seek": Trap(("kill -9", "SIGTERM"), slow_seeks=1.0),
    "acked-gap": Trap(("a fetched batch lost",) * 2),
    "no-lease": Trap((LAST,)),
    "untouched-not-published": Trap(("kill -9 before outputs",) * 3),
    "revision-from-counter": Trap(("kill -9",) * 2),
    "plain-redis-set": Trap(("wakes to a quiet Redis",)),
}


def drawn(faults: dict[str, int], seed: int, share: float = 1.0) -> list[str]:
    """A share of each kind, of every kind at least one, in a random order; and a zombie that wakes when all is over."""
    kinds = [kind for kind, count in faults.items() for _ in range(max(1, round(count * share)))]
    Random(seed).shuffle(kinds)
    return [*kinds, LAST]
