"""One run of one contender, and what a run leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.recount import Recount
from tests.bench.stage import Stage


@dataclass(frozen=True)
class Run:
    """``cpu_s`` and ``wall_s`` from the moment its partitions were its own to the last result's commit."""

    facts: int
    cpu_s: float
    wall_s: float
    peak_mib: float
    changelog_bytes: int = 0

    @property
    def rate(self) -> float:
        """Facts per CPU-second."""
        return self.facts / self.cpu_s

    @property
    def changelog_per_fact(self) -> float:
        """Changelog bytes per fact."""
        return self.changelog_bytes / self.facts


@dataclass(frozen=True)
class Contender:
    """``run`` takes the facts of a filled stage once, from nothing, and insists on the recount's result.

    ``most`` limits the facts of those that would take hours.
    """

    name: str
    title: str
    run: Callable[[Stage, Recount], Run]
    most: int | None = None
