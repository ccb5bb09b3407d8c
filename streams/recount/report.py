"""What a recount found, for people and for machines."""

from collections import Counter
from dataclasses import dataclass, field, fields

import msgspec

PAGES_SHOWN = 4
SHOWN = 20
"""Differences and ids printed one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not as the recount says. ``place``: a topic of the registry, or ``redis``; all is text."""

    place: str
    key: str
    field: str
    have: str
    want: str

    def __str__(self) -> str:
        return f"{self.place} {self.key}: {self.field} is {self.have}, the recount says {self.want}"


@dataclass(frozen=True, slots=True, order=True)
class SharedId:
    """An identity that stands on more than one page; ``pages``: ``<owner>|<hour_start>``."""

    kind: str
    id: str
    pages: tuple[str, ...]

    def __str__(self) -> str:
        left = len(self.pages) - PAGES_SHOWN
        more = f" and {left} more" if left > 0 else ""
        return f"{self.kind} {self.id} stands in {', '.join(self.pages[:PAGES_SHOWN])}{more}"


@dataclass(slots=True)
class Report:
    """The outcome of a reconciliation.

    ``facts``: records read, by topic and result (accepted, duplicate, superseded, rejected, misplaced; a misplaced one
    counts by its copy). ``recounted_from``: the first hour that could be recounted where facts have expired, else None;
    ``not_recounted`` names the hours with records before it. ``compared``: keys by topic. ``moving``: keys that changed
    faster than they could be compared, neither right nor wrong. ``shared_ids`` is information, no difference.
    """

    facts: dict[str, Counter[str]] = field(default_factory=dict)
    pages: int = 0
    hours: int = 0
    recounted_from: str | None = None
    not_recounted: list[str] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    redis_keys: int = 0
    redis_hours: int = 0
    rejections: int = 0
    shared_ids: list[SharedId] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        """No difference was found."""
        return not self.differences

    def total(self, result: str) -> int:
        """Fact records of one result, over all topics."""
        return sum(counter[result] for counter in self.facts.values())

    def lines(self) -> list[str]:
        """The summary as text."""
        return [*self._read(), *self._compared(), *self._remarks(), *self._verdict()]

    def json(self) -> bytes:
        """All of it as one JSON object."""
        held = {one.name: getattr(self, one.name) for one in fields(self)}
        return msgspec.json.encode({**held, "agrees": self.agrees})

    def _read(self) -> list[str]:
        lines = [f"read {sum(map(Counter.total, self.facts.values())):,} fact records in {self.seconds:.1f} s"]
        for topic, results in self.facts.items():
            parts = ", ".join(f"{count:,} {result}" for result, count in sorted(results.items()))
            lines.append(f"  {topic:<26} {parts or 'nothing'}")
        lines.append(f"recounted {self.pages:,} pages in {self.hours:,} hours")
        if self.recounted_from is not None:
            lines.append(f"  hours from {self.recounted_from} on: facts of earlier ones have expired")
            if self.not_recounted:
                lines.append(f"  not recounted, {len(self.not_recounted):,} hours: {_some(self.not_recounted)}")
        return lines

    def _compared(self) -> list[str]:
        lines = [f"compared {sum(self.compared.values()):,} KPI records"]
        lines += [f"  {topic:<26} {count:,}" for topic, count in self.compared.items()]
        lines.append(f"compared {self.redis_keys:,} Redis records and {self.redis_hours:,} sets of owners")
        return [*lines, f"compared {self.rejections:,} rejected records"]

    def _remarks(self) -> list[str]:
        lines = []
        if self.shared_ids:
            lines.append(
                f"{len(self.shared_ids):,} ids stand under two owners or hours (no difference; mind the source)"
            )
            lines += [f"  {shared}" for shared in self.shared_ids[:SHOWN]]
        if self.moving:
            lines.append(f"{len(self.moving):,} records changed too fast to be compared: {_some(self.moving)}")
            lines.append("  run it again when fewer facts come in")
        return lines

    def _verdict(self) -> list[str]:
        if self.agrees:
            return ["0 differences"]
        left = len(self.differences) - SHOWN
        more = [f"  and {left:,} more (--json lists all)"] if left > 0 else []
        count = len(self.differences)
        return [
            f"{count:,} difference{'s' if count > 1 else ''}:",
            *(f"  {difference}" for difference in self.differences[:SHOWN]),
            *more,
        ]


def _some(names: list[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:2])} ... {names[-1]}"
