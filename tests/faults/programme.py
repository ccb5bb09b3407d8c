"""Which faults a campaign has, and how each mutant is to be found out."""

from dataclasses import dataclass
from random import Random

from tests.faults.hard_facts import CORRECTED

WAKES = ("wakes in silence", "wakes with old rows", "wakes to a quiet Redis")
"""A zombie wakes when all is over, about to write outputs, changelog rows, or snapshots for Redis."""
FULL: dict[str, int] = {
    "kill -9": 28,
    "kill -9 before outputs": 4,
    "frozen then killed": 3,
    "frozen 6-20 s": 3,
    "frozen in a flush": 3,
    "frozen before Redis": 2,
    "SIGTERM": 5,
    "joins and leaves": 3,
    "clock steps": 4,
    "a fetched batch lost": 2,
    "Kafka killed": 4,
    "disk full": 1,
    "Redis killed": 2,
    "Redis frozen": 2,
    "Redis emptied": 1,
}
"""Faults of a full campaign. Three seeds make over a hundred kills, twenty zombies, twenty planned rebalances and ten
kills of the broker."""

SHORT: dict[str, int] = {
    "kill -9": 7,
    "kill -9 before outputs": 2,
    "frozen then killed": 1,
    "frozen 6-20 s": 1,
    "frozen in a flush": 1,
    "frozen before Redis": 1,
    "SIGTERM": 2,
    "joins and leaves": 1,
    "clock steps": 1,
    "a fetched batch lost": 1,
    "Kafka killed": 2,
    "disk full": 1,
    "Redis killed": 1,
    "Redis frozen": 1,
    "Redis emptied": 1,
}
"""Faults of the short campaign that every test run plays: ten kills, four zombies, two kills of the broker, and at
least one of everything else."""

CLUSTER: dict[str, int] = {
    "kill -9": 8,
    "kill -9 before outputs": 2,
    "frozen then killed": 1,
    "frozen 6-20 s": 1,
    "frozen in a flush": 2,
    "frozen before Redis": 1,
    "SIGTERM": 2,
    "joins and leaves": 2,
    "clock steps": 1,
    "a fetched batch lost": 1,
    "leader killed": 8,
    "Redis killed": 1,
    "Redis frozen": 1,
    "Redis emptied": 1,
}
"""Faults of a campaign on three brokers, which share one disk: it is never full."""

KILLS = ("kill -9", "kill -9 before outputs", "frozen then killed")
PLANNED = ("SIGTERM", "joins and leaves")
BROKER_KILLS = ("Kafka killed", "leader killed")


@dataclass(frozen=True)
class Trap:
    """How a mutant is found out: faults that touch what it lacks, and where its wrong rows must show (one will do).

    ``slow_seeks``: share of starts with slow offsets; ``corrected``: share of facts that are corrected or voided;
    ``is_short``: it comes to rest within a minute, so that every test run can play it.
    """

    kinds: tuple[str, ...]
    by: tuple[str, ...]
    slow_seeks: float = 0.0
    corrected: float = CORRECTED
    is_short: bool = True


OPERATORS, PAGES = "kpi.operator-hour.v1", "pages restored"
TRAP_RATE = 300.0

TRAPS: dict[str, Trap] = {
    "commit-before-flush": Trap(("frozen then killed",) * 2, (PAGES,)),
    "last-row-wins": Trap(("wakes with old rows",), (PAGES,), corrected=0.5),
    # Its workers end at every second start, and may need ten minutes to come to rest.
    "no-hold-before-seek": Trap(("kill -9", "SIGTERM") * 2, ("deliveries", PAGES), slow_seeks=0.5, is_short=False),
    "acked-gap": Trap(("a fetched batch lost",) * 2, (PAGES,)),
    "no-lease": Trap(("wakes in silence",), (f"{OPERATORS} (last record)",)),
    "untouched-not-published": Trap(("kill -9 before outputs",) * 2, (OPERATORS,)),
    "revision-from-counter": Trap(("kill -9",), (OPERATORS,)),
    "plain-redis-set": Trap(("wakes to a quiet Redis",), ("Redis", "Redis, as a reader saw it")),
}


def drawn(faults: dict[str, int], seed: int, share: float = 1.0) -> list[str]:
    """A share of each kind, of every kind at least one, in a random order; and a zombie that wakes when all is over."""
    kinds = [kind for kind, count in faults.items() for _ in range(max(1, round(count * share)))]
    dice = Random(seed)
    dice.shuffle(kinds)
    return [*kinds, dice.choice(WAKES)]
