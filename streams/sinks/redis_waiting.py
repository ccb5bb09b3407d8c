"""What Redis has not taken yet: the latest snapshot of each key, within bounds."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Literal

import msgspec

REFUSED_LIMIT = 1_000


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """A KPI record for Redis.

    ``id`` is the owner (level operator) or the level's own id, as it is; ``hour_start_us`` microseconds since the
    epoch; ``revision`` the text that stands in ``value``; ``expires_at`` whole epoch seconds; ``value`` the record
    as JSON without blanks.
    """

    level: Literal["operator", "campaign", "team", "site"]
    id: str
    hour_start_us: int
    revision: str
    expires_at: int
    value: bytes


Key = tuple[str, str, int]
Entry = tuple[float, Snapshot]
"""A snapshot, and since when (epoch seconds) its key has been waiting."""


class Waiting:
    """Snapshots in the order in which their keys began to wait.

    Beyond ``limit`` keys all are dropped and ``overflowed`` is set: from then on nothing is kept, until
    ``start_over`` says that everything is about to be written again anyway.
    """

    def __init__(self, limit: int) -> None:
        self.overflowed = False
        self._limit = limit
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._taken: list[Entry] = []
        self._refused: dict[Key, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries) + len(self._taken) + len(self._refused)

    @property
    def ready(self) -> bool:
        """Whether something waits that Redis has not just refused."""
        return bool(self._entries)

    @property
    def oldest(self) -> float | None:
        """Since when the longest waiting key has been waiting, in epoch seconds."""
        times = [entry[0] for entry in (*self._taken[:1], *self._refused.values())]
        if self._entries:
            times.append(next(iter(self._entries.values()))[0])
        return min(times, default=None)

    def add(self, snapshots: Iterable[Snapshot], now: float) -> None:
        """Keeps the greatest revision of each key, and its place in the queue."""
        if self.overflowed:
            return
        entries = self._entries
        for snapshot in snapshots:
            key = (snapshot.level, snapshot.id, snapshot.hour_start_us)
            known = entries.get(key)
            if known is None:
                entries[key] = (now, snapshot)
            elif known[1].revision < snapshot.revision:
                entries[key] = (known[0], snapshot)
            if len(entries) > self._limit:
                self._overflow()
                return

    def take(self, count: int, size: int, now: float) -> list[Snapshot]:
        """The longest waiting ones, at most ``count`` of them and some ``size`` bytes; those expired are dropped."""
        while self._entries and len(self._taken) < count and size > 0:
            _, entry = self._entries.popitem(last=False)
            if entry[1].expires_at > now:
                self._taken.append(entry)
                size -= len(entry[1].value)
        return [snapshot for _, snapshot in self._taken]

    def written(self) -> None:
        """What was taken has reached Redis."""
        self._taken.clear()

    def give_back(self) -> None:
        """What was taken has not reached Redis, or nobody knows: back to the head of the queue."""
        taken, self._taken = self._taken, []
        if not self.overflowed:
            self._put_first(taken)

    def refuse(self, snapshots: Iterable[Snapshot], now: float) -> None:
        """Redis refused these ones alone: they wait apart, so that they hold up nobody else.

        Beyond REFUSED_LIMIT they are forgotten, and come again with their next change.
        """
        for snapshot in snapshots:
            key = (snapshot.level, snapshot.id, snapshot.hour_start_us)
            known = self._refused.get(key)
            if known is not None and known[1].revision < snapshot.revision:
                self._refused[key] = (known[0], snapshot)
            elif known is None and len(self._refused) < REFUSED_LIMIT:
                self._refused[key] = (now, snapshot)

    def retry_refused(self) -> None:
        """Puts those refused back into the queue."""
        refused, self._refused = self._refused, {}
        self._put_first(list(refused.values()))

    def start_over(self) -> None:
        """Everything is being written again: what is offered from now on is kept again."""
        self.overflowed = False

    def _put_first(self, entries: list[Entry]) -> None:
        for since, snapshot in reversed(entries):
            key = (snapshot.level, snapshot.id, snapshot.hour_start_us)
            known = self._entries.get(key)
            newest = known[1] if known and known[1].revision > snapshot.revision else snapshot
            self._entries[key] = (since, newest)
            self._entries.move_to_end(key, last=False)

    def _overflow(self) -> None:
        self.overflowed = True
        self._entries.clear()
        self._refused.clear()
