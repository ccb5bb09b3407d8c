"""The books of what was delivered, folded, and may be committed. Pure: no clock, no I/O."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from faust.types import TP

from streams.engine.batches import Batch


class HoleError(Exception):
    """Records are missing between two batches of a topic that has no holes."""


class RewindError(Exception):
    """A topic begins again below what was already read."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a topic's partition has been folded."""

    position: int | None
    """Offset after the last folded record; None until it is known."""
    highwater: int | None
    """End of the log at the last fetch; None until the first."""
    last_timestamp_ms: int | None
    """Greatest timestamp of a folded record since this worker has the partition, milliseconds since the epoch."""

    @property
    def is_at_end(self) -> bool:
        """Everything that the broker had at the last fetch is folded."""
        return self.position is not None and self.highwater is not None and self.position >= self.highwater


class Deliveries:
    """Source partitions only; changelogs are read by recovery and never committed."""

    def __init__(self) -> None:
        self._dense: set[str] = set()
        self._runs: dict[TP, deque[Batch]] = {}
        self._folded: dict[TP, int] = {}
        self._expected: dict[TP, int] = {}
        self._committed: dict[TP, int] = {}
        self._timestamps: dict[TP, int] = {}

    def expect_no_holes(self, topic: str) -> None:
        """This topic is neither compacted nor are its records ever deleted but from the head."""
        self._dense.add(topic)

    def missing(self, tp: TP, batch: Batch) -> tuple[int, int] | None:
        """The offsets [from, to) that are missing before this batch, where there should be none."""
        expected = self._expected.get(tp)
        if expected is None or batch.first <= expected or tp.topic not in self._dense:
            return None
        return expected, batch.first

    def jump(self, tp: TP, offset: int) -> None:
        """Retention removed everything below this offset: what is missing up to there is no hole."""
        self._expected[tp] = max(offset, self._expected.get(tp, offset))

    def deliver(self, tp: TP, batch: Batch) -> None:
        """A batch goes to its agent. Raises HoleError, or RewindError where the log is another than before."""
        if gap := self.missing(tp, batch):
            raise HoleError(f"{tp.topic}-{tp.partition}: expected offset {gap[0]}, got {gap[1]}")
        expected = self._expected.get(tp)
        if expected is not None and batch.first < expected:
            raise RewindError(f"{tp.topic}-{tp.partition} begins again at {batch.first}, but was read up to {expected}")
        self._expected[tp] = batch.next
        self._runs.setdefault(tp, deque()).append(batch)

    def settle(self, tp: TP) -> int | None:
        """Takes folded batches off the books and gives the offset up to which everything is folded."""
        run = self._runs.get(tp)
        while run and run[0].acked:
            batch = run.popleft()
            self._folded[tp] = batch.next
            latest = batch.latest_ms
            if latest is not None:
                self._timestamps[tp] = max(latest, self._timestamps.get(tp, latest))
        return self._folded.get(tp)

    def committable(self) -> dict[TP, int]:
        """For every partition with something new: the offset that may be committed once all is flushed."""
        ready = {}
        for tp in self._runs:
            offset = self.settle(tp)
            if offset is not None and offset != self._committed.get(tp):
                ready[tp] = offset
        return ready

    def is_current(self, tp: TP, offset: int) -> bool:
        """Still on the books: no seek or rebalance came since `committable` gave it."""
        return self._folded.get(tp, -1) >= offset

    def committed(self, offsets: dict[TP, int]) -> None:
        """The group accepted these."""
        self._committed.update({tp: offset for tp, offset in offsets.items() if tp in self._folded})

    def proven(self) -> dict[TP, int]:
        """What this member itself last committed or was given to start from: safe to commit once more."""
        return dict(self._committed)

    def sought(self, tp: TP, committed: int | None, position: int | None) -> None:
        """Reading (re)starts: at the committed offset, or where the log begins if nothing was ever committed."""
        if committed:
            self._committed[tp] = committed
            self._expected[tp] = committed
            self._folded[tp] = committed
        elif position is not None:
            self._folded[tp] = position

    def restart(self) -> None:
        """Every position is about to be sought anew; what was delivered before it no longer counts."""
        for book in self._positions():
            book.clear()

    def forget(self, tps: Iterable[TP]) -> None:
        """These partitions belong to another worker now."""
        for tp in tps:
            for book in self._positions():
                book.pop(tp, None)
            self._timestamps.pop(tp, None)

    def _positions(self) -> tuple[dict[TP, Any], ...]:
        return self._runs, self._folded, self._expected, self._committed

    def progress(self, tp: TP, highwater: int | None) -> Progress:
        """How far the partition is folded, given its end."""
        return Progress(self.settle(tp), highwater, self._timestamps.get(tp))
