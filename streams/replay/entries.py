"""What a log becomes before it is sent: entries in time order, and the account of its rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from processors.times import parse_time

EXAMPLES = 3
"""Line numbers named for each reason in a report."""

_ENDS = ("ended_at", "closed_at", "booked_at", "since")
_STARTS = {
    "dialer.calls.v1": ("started_at",),
    "dialer.conversations.v1": ("call_started_at",),
    "dialer.appointments.v1": ("call_started_at", "booked_at"),
    "dialer.sales.v1": ("call_started_at", "booked_at"),
    "dialer.presence.v1": ("since",),
}


class Entry(NamedTuple):
    """One record of the log. Instants in microseconds since the epoch.

    ``due_us``: when its source said it; ``at_us``: its hour-deciding time, None where that cannot be read.
    """

    due_us: int
    at_us: int | None
    site_id: str | None
    topic: str
    key: bytes | None
    value: bytes | None


@dataclass
class Reading:
    """A log that was read: its entries, and what became of each of its rows."""

    entries: list[Entry] = field(default_factory=list)
    rows: int = 0
    used: int = 0
    unused: dict[str, "Unused"] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, line: int) -> None:
        """Counts a row that is not used."""
        self.unused.setdefault(reason, Unused()).add(line)

    @property
    def facts(self) -> Counter[str]:
        """Facts by topic."""
        return Counter(entry.topic for entry in self.entries)

    def lines(self) -> Iterator[str]:
        """The account as text; its counts add up to the rows of the file."""
        yield f"{self.rows:,} rows read"
        facts = ", ".join(f"{count:,} {topic}" for topic, count in sorted(self.facts.items())) or "none"
        yield f"  {self.used:>9,} used, as facts: {facts}"
        for reason, unused in sorted(self.unused.items(), key=lambda item: (-item[1].rows, item[0])):
            yield f"  {unused.rows:>9,} not used: {reason} ({unused.where})"
        yield from (f"  {note}" for note in self.notes)


@dataclass
class Unused:
    """Rows left out, or to be rejected, for one reason: how many, and the first of their line numbers."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Counts one row."""
        self.rows += 1
        if len(self.lines) < EXAMPLES:
            self.lines.append(line)

    @property
    def where(self) -> str:
        """The first lines, as text."""
        more = ", ..." if self.rows > len(self.lines) else ""
        return f"line {', '.join(str(line) for line in self.lines)}{more}"


def own_end(topic: str, fact: dict[str, Any]) -> int | None:
    """When what the fact tells of had ended: its end where it has one, else its start; None where neither is a time."""
    return _first_time(fact, (*_ENDS, *_STARTS[topic]))


def stated(topic: str, fact: dict[str, Any]) -> int | None:
    """When the fact was stated, by its ``stated_at`` or, without one, by its own end; None where that is no time."""
    return _first_time(fact, ("stated_at", *_ENDS, *_STARTS[topic]))


def own_start(topic: str, fact: dict[str, Any]) -> int | None:
    """The hour-deciding time of a fact; None where it is no time."""
    return _first_time(fact, _STARTS[topic])


def _first_time(fact: dict[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        if fact.get(name) is not None:
            try:
                return parse_time(fact[name])
            except (ValueError, TypeError):
                return None
    return None
