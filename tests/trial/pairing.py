"""Alerts as two ways have them, side by side: which are the same, and how far apart they began and ended."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.trial import floors, methods

Alert = tuple[float, float]
"""The first and the last instant at which it fires, epoch seconds of the floor."""

Beyond = dict[methods.Part, list[tuple[float, float]]]
"""That by part: instants of the floor, and deviations."""


@dataclass(slots=True)
class Pair:
    """An alert of one part as both ways have it; None where one has none."""

    part: methods.Part
    replayed: Alert | None
    scraped: Alert | None
    why: str = ""
    """How far beyond their thresholds the two were until the later one began."""

    @property
    def begins_apart_s(self) -> float:
        """How much later the scraped one begins."""
        return self.scraped[0] - self.replayed[0] if self.scraped and self.replayed else math.inf

    @property
    def ends_apart_s(self) -> float:
        """How much later the scraped one ends."""
        return self.scraped[1] - self.replayed[1] if self.scraped and self.replayed else math.inf

    def __str__(self) -> str:
        both = [f"{floors.clock(one[0])} to {floors.clock(one[1])[-8:]}" if one else "none" for one in self._both()]
        return f"{self.part[1]}: replayed {both[0]}, scraped {both[1]}{self.why}"

    def _both(self) -> tuple[Alert | None, Alert | None]:
        return self.replayed, self.scraped


@dataclass(slots=True)
class Outcome:
    """All pairs of a stretch, and whether Prometheus kept up with it."""

    pairs: list[Pair]
    scrapes: float
    scrapes_due: float
    looks: float
    looks_due: float
    stalls: list[Alert]
    """From when to when nothing was scraped."""

    @property
    def in_both(self) -> list[Pair]:
        """Those that both ways have."""
        return [pair for pair in self.pairs if pair.replayed and pair.scraped]

    def __str__(self) -> str:
        lines = [str(pair) for pair in self.pairs if not (pair.replayed and pair.scraped)]
        lines += [
            f"{pair} (begins {pair.begins_apart_s / 60:+.1f} min, ends {pair.ends_apart_s / 60:+.1f} min)"
            for pair in self.in_both
        ]
        replayed, scraped = (
            sum(one is not None for one in way) for way in zip(*map(Pair._both, self.pairs), strict=True)
        )
        lines.append(f"{replayed} alerts replayed, {scraped} scraped, {len(self.in_both)} of them the same")
        for what, apart in (
            ("began", [pair.begins_apart_s / 60 for pair in self.in_both]),
            ("ended", [pair.ends_apart_s / 60 for pair in self.in_both]),
        ):
            if apart:
                near = sum(abs(one) <= 1 for one in apart)
                lines.append(
                    f"scraped {what} {statistics.median(apart):+.1f} min later (median), "
                    f"{min(apart):+.1f} to {max(apart):+.1f}; {near} of {len(apart)} within a minute"
                )
        lines.append(
            f"{self.scrapes:.0f} of {self.scrapes_due:.0f} scrapes, "
            f"{self.looks:.0f} of {self.looks_due:.0f} evaluations"
        )
        lines += [
            f"nothing scraped from {floors.clock(one)} to {floors.clock(other)[-8:]}" for one, other in self.stalls
        ]
        return "\n".join(lines)


def pairs(replayed: dict[methods.Part, list[Alert]], scraped: dict[methods.Part, list[Alert]]) -> Iterator[Pair]:
    """Alerts that overlap are the same one."""
    for part in sorted(replayed.keys() | scraped.keys()):
        left = list(scraped.get(part, []))
        for one in replayed.get(part, []):
            same = next((other for other in left if other[0] <= one[1] and one[0] <= other[1]), None)
            if same:
                left.remove(same)
            yield Pair(part, one, same)
        for other in left:
            yield Pair(part, None, other)


def why(pair: Pair, beyond: Sequence[Beyond]) -> str:
    """How far beyond their thresholds the two ways were until the later alert began."""
    begun = [one[0] for one in (pair.replayed, pair.scraped) if one]
    # Two looks and the way through the groups before the first, and the looks until the last.
    from_s, until_s = min(begun) - 120, max(begun) + 60
    most = [
        max((value for at_s, value in its.get(pair.part, []) if from_s <= at_s <= until_s), default=math.nan)
        for its in beyond
    ]
    return f"; at most {most[0]:+.2f} and {most[1]:+.2f} deviations beyond"
