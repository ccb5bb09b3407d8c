"""The ledger of roll-ups: contributions in, campaign, team and site hours out."""

from collections.abc import Callable, Iterator

import msgspec

from processors.rollup import Contribution, HourPage, Target, targets_of
from processors.statements import Part
from processors.times import HOUR_US
from streams.engine.batches import Batch
from streams.engine.outgoing import Flush, Outgoing, Record
from streams.sinks.kpi_topics import RollUpOutputs, expires_us
from streams.sinks.redis import Snapshot

_decode = msgspec.msgpack.Decoder(Contribution).decode


class RollUpBook:
    """A partition's hours, and what of them is not written yet; ``is_whole`` as in a book of pages."""

    def __init__(self) -> None:
        self.is_whole = False
        self.hours: dict[int, HourPage] = {}
        self.written_us: dict[tuple[int, Target], int] = {}
        self.touched: dict[tuple[int, Target], None] = {}
        self.rows: dict[bytes | None, bytes] = {}
        self._restored: dict[tuple[int, str], Contribution] = {}
        self._named: dict[tuple[int, Part], int] = {}

    def hour(self, hour_us: int) -> HourPage:
        """The page of an hour, made where there is none."""
        page = self.hours.get(hour_us)
        if page is None:
            page = self.hours[hour_us] = HourPage(hour_us)
        return page

    def restore(self, contribution: Contribution, written_us: int) -> bool:
        """Takes a contribution of the changelog, to be joined in by ``settle``; False where one as great is known.

        The changelog has many of each owner's hour, and only the greatest counts: to share out each would be the
        longest part of a recovery.
        """
        hour_us, owner = key = contribution.hour_us, contribution.owner
        for part, _ in contribution.parts:
            if self._named.get((hour_us, part), 0) < written_us:
                self._named[hour_us, part] = written_us
        page, restored = self.hours.get(hour_us), self._restored.get(key)
        given = None if page is None else page.given.get(owner)
        known = [one.revision for one in (given, restored) if one is not None]
        if known and max(known) >= contribution.revision:
            return False
        self._restored[key] = contribution
        return True

    def settle(self) -> None:
        """The changelog is read: joins in the greatest contribution of each owner's hour."""
        for contribution in self._restored.values():
            self.hour(contribution.hour_us).accept(contribution)
        for (hour_us, part), written_us in self._named.items():
            page = self.hour(hour_us)
            for target in targets_of(part):
                page.open(target)
                entry = hour_us, target
                self.written_us[entry] = max(written_us, self.written_us.get(entry, 0))
        self._restored, self._named = {}, {}
        self.is_whole = True


class RollUpLedger:
    """Every roll-up of this worker's partitions. All methods run in the event loop and never wait."""

    def __init__(self, changelog: str, outputs: RollUpOutputs, now_us: Callable[[], int]) -> None:
        self._changelog = changelog
        self._outputs = outputs
        self._now_us = now_us
        self.books: dict[int, RollUpBook] = {}

    def _book(self, partition: int) -> RollUpBook:
        book = self.books.get(partition)
        if book is None:
            book = self.books[partition] = RollUpBook()
        return book

    def fold(self, batch: Batch) -> None:
        """Folds a run of contributions; known ones touch their roll-ups too, since this may be a replay."""
        book = self._book(batch.partition)
        for key, value in zip(batch.keys, batch.values, strict=True):
            if value is None:
                continue
            contribution = _decode(value)
            page = book.hour(contribution.hour_us)
            targets = page.accept(contribution)
            if targets is None:
                targets = page.targets(contribution)
            else:
                book.rows[key] = value
            for target in targets:
                book.touched[contribution.hour_us, target] = None

    def restore(self, batch: Batch) -> None:
        """Joins a run of changelog rows into the hours."""
        book = self._book(batch.partition)
        for key, value, stamp in zip(batch.keys, batch.values, batch.timestamps, strict=True):
            if value is None:
                continue
            if book.restore(_decode(value), stamp * 1000):
                # A row of this worker's own from before another's turn: written now it would outlive the greater one.
                book.rows.pop(key, None)

    def keep(self, partitions: frozenset[int]) -> None:
        """Forgets every other partition, roll-ups and unwritten rows alike."""
        for partition in [partition for partition in self.books if partition not in partitions]:
            del self.books[partition]

    def recovered(self, partitions: frozenset[int]) -> None:
        """These partitions have all their contributions: from here on their roll-ups may be told to others."""
        for partition in partitions:
            self._book(partition).settle()

    @property
    def unflushed(self) -> int:
        """Roll-ups touched since the last drain."""
        return sum(len(book.touched) for book in self.books.values())

    def drain(self) -> Flush | None:
        """Everything unwritten since the last drain; None when there is nothing."""
        now_us = self._now_us()
        flush = Flush()
        offered: list[Snapshot] = []
        for partition, book in self.books.items():
            if not book.is_whole:
                continue
            if book.rows:
                rows: list[Record] = [(key, value, ()) for key, value in book.rows.items()]
                flush.together.append(Outgoing(self._changelog, partition, rows, leased=True))
                book.rows = {}
            touched, book.touched = book.touched, {}
            snapshots = [(entry[1], self._snapshot(book, entry, now_us)) for entry in touched]
            flush.together += self._outputs.outgoing(partition, snapshots)
            offered += [snapshot for _, snapshot in snapshots]
        if not flush.together:
            return None
        flush.done = lambda: self._outputs.flushed(offered)
        return flush

    def _snapshot(self, book: RollUpBook, entry: tuple[int, Target], now_us: int) -> Snapshot:
        hour_us, target = entry
        book.written_us[entry] = now_us
        return self._outputs.snapshot(book.hours[hour_us], target, now_us, now_us)

    def snapshots(self) -> Iterator[Snapshot]:
        """A snapshot of every roll-up, those of the latest hours first; roll-ups may change between two steps."""
        now_us = self._now_us()
        for book in [book for book in self.books.values() if book.is_whole]:
            for hour_us in sorted(book.hours, reverse=True):
                page = book.hours.get(hour_us)
                for target in list(page.roll_ups) if page is not None else ():
                    written_us = book.written_us.get((hour_us, target), 0)
                    if page is not None and expires_us(hour_us + HOUR_US, written_us) > now_us:
                        yield self._outputs.snapshot(page, target, written_us, now_us)
