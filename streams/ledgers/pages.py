"""The ledger of pages: facts in, changelog rows and outputs out. What the pages table keeps behind it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from processors.building import Refusal
from processors.hours import Clocks
from processors.owners import partition_of, record_key
from processors.reading import Reader
from processors.records import Meaning
from processors.rules import ConversationRule
from processors.statements import AnyStatement, decode_run, encode_run
from streams.counters import PRESENT_US
from streams.engine.batches import Batch
from streams.engine.deliveries import Progress
from streams.engine.outgoing import Flush, Outgoing, Record
from streams.errors import UserError
from streams.ledgers.book import Book, Home
from streams.ledgers.intake import BatchNews, take_in
from streams.ledgers.live_page import LivePage
from streams.ledgers.misfits import forwarded_copy, rejected_record
from streams.ledgers.restoring import Restorer
from streams.sinks.kpi_topics import OperatorOutputs
from streams.sinks.redis import Snapshot
from streams.telemetry import DELAY_BOUNDS_US, Telemetry

RUN = 500
"""Statements in one changelog row at most: rows stay small however large a page is."""

MOST_PAGES = 5_000
"""Pages published by one flush at most where they only wait for a new generation, so that no flush is long."""

FINAL_MARK = b"final"
GENERATION_MARK = b"generation"
_mark = msgspec.msgpack.Encoder().encode
_read_mark = msgspec.msgpack.Decoder(int).decode


@dataclass(frozen=True, slots=True)
class PageTopics:
    """Real names of the topics that the ledger reads and writes; ``facts``: real name -> name in the registry."""

    facts: dict[str, str]
    rejected: str
    changelog: str
    partitions: int


class PageLedger:
    """Every page of this worker's partitions. All methods run in the event loop and never wait.

    ``now_us`` gives the present in microseconds; ``progress`` how far a topic's partition has been folded.
    """

    def __init__(
        self,
        topics: PageTopics,
        clocks: Clocks,
        rule: ConversationRule,
        meaning: Meaning,
        *,
        grace_us: int,
        outputs: OperatorOutputs,
        telemetry: Telemetry,
        now_us: Callable[[], int],
        progress: Callable[[str, int], Progress],
    ) -> None:
        self._topics = topics
        self._clocks = clocks
        self._rule = rule
        self._meaning = meaning
        self._grace_us = grace_us
        self._outputs = outputs
        self._telemetry = telemetry
        self.now_us = now_us
        self.progress = progress
        self._reader = Reader(clocks)
        self._restorer = Restorer(clocks)
        self.books: dict[int, Book] = {}

    @property
    def fact_topics(self) -> tuple[str, ...]:
        """Real names of the fact topics, in the contract's order."""
        return tuple(self._topics.facts)

    def _book(self, partition: int) -> Book:
        book = self.books.get(partition)
        if book is None:
            book = self.books[partition] = Book(self._grace_us)
        return book

    # Facts in

    def fold(self, batch: Batch) -> None:
        """Folds a run of fact records: accepts, rejects or forwards each."""
        topic = self._topics.facts[batch.topic]
        now_us = self.now_us()
        news = BatchNews(now_us, now_us - PRESENT_US, DELAY_BOUNDS_US)
        take_in(batch, topic, self._book(batch.partition), self._reader, self, news)
        self._telemetry.folded(topic, news, (batch.latest_ms or 0) / 1000)

    def is_home(self, book: Book, partition: int, key: bytes | None, owner: str) -> bool:
        """Whether facts of this owner belong under this key and in this partition; remembered where they do."""
        own = record_key(owner)
        if key != own or partition_of(owner, self._topics.partitions) != partition:
            return False
        book.homes[owner] = Home(own)
        return True

    def open_page(self, book: Book, statement: AnyStatement, news: BatchNews) -> LivePage:
        """The page that a statement begins."""
        page = book.page(statement.owner, self._clocks.of(statement.part[0]).hour(statement.at_us))
        page.begin(self._rule, page.end_us > news.present_us)
        return page

    def touch(self, book: Book, page: LivePage, news: BatchNews) -> None:
        """Facts for this page have come: it is to be published, and counted by how much it grows."""
        if page.hour.end_us > news.present_us:
            self._telemetry.counters.before(page, self._clocks, self._rule)
        else:
            page.counted = None  # its facts count as late from now on, and not as growth too
        book.touch(page)

    def reject(self, book: Book, batch: Batch, place: int, refusal: Refusal) -> None:
        """The batch's record at this place is refused."""
        key, value, offset = batch.keys[place], batch.values[place], batch.offsets[place]
        source = (self._topics.facts[batch.topic], batch.partition, offset)
        book.rejected.append(rejected_record(key, value, refusal, source))
        book.misfit_bytes += len(key or b"") + len(value or b"")
        self._telemetry.rejected(source[0], refusal.reason)

    def forward(self, book: Book, batch: Batch, place: int, owner: str) -> None:
        """The batch's record at this place belongs to an owner elsewhere, and is sent there."""
        value = batch.values[place] or b""
        try:
            record = forwarded_copy(owner, value, batch.timestamps[place])
        except Refusal as refusal:
            self.reject(book, batch, place, refusal)
            return
        book.forwarded[batch.topic, partition_of(owner, self._topics.partitions)].append(record)
        book.misfit_bytes += len(value)
        self._telemetry.forwarded(self._topics.facts[batch.topic])

    # Recovery

    def restore(self, batch: Batch) -> None:
        """Joins a run of changelog rows into the pages. Raises UserError where a site's zone has changed."""
        book = self._book(batch.partition)
        for key, value, stamp in zip(batch.keys, batch.values, batch.timestamps, strict=True):
            if value is None:
                continue
            if key is None:
                self._restorer.join(book, self._run(value), stamp * 1000)
            elif key == FINAL_MARK:
                book.finality.restore(_read_mark(value))
            elif key == GENERATION_MARK:
                book.generation = max(book.generation, _read_mark(value))

    def _run(self, row: bytes) -> list[AnyStatement]:
        try:
            return decode_run(row)
        except msgspec.MsgspecError as error:
            raise UserError(
                f"{self._topics.changelog} has rows that another version of dialpulse wrote ({error}): run that one, "
                "or set a new DIALPULSE_PREFIX and replay the facts"
            ) from None

    def keep(self, partitions: frozenset[int]) -> None:
        """Forgets every other partition, pages and unwritten rows alike."""
        for partition in [partition for partition in self.books if partition not in partitions]:
            del self.books[partition]

    def recovered(self, partitions: frozenset[int]) -> None:
        """The pages of these partitions are whole: what a new generation changes is published anew."""
        for partition in partitions:
            book = self._book(partition)
            book.is_whole = True
            self._settle_clocks(book)
            book.finality.settle()
            if book.generation < self._meaning.generation:
                book.stale = list(book.pages.values())

    def _settle_clocks(self, book: Book) -> None:
        """Where a page's facts go by several clocks, the latest one's says when it ends; rows come in any order."""
        for page in book.pages.values():
            if len(page.parts) > 1 and len({self._clocks.of(site_id) for site_id, _, _ in page.parts}) > 1:
                page.settle(self._clocks, self._rule)
                if page.awaited_us != page.hour.end_us:
                    book.finality.open(page)

    # Flush

    @property
    def unflushed(self) -> int:
        """Pages touched since the last drain, misfits by their weight added."""
        return sum(book.unflushed for book in self.books.values())

    def drain(self) -> Flush | None:
        """Everything unwritten since the last drain; None when there is nothing."""
        now_us = self.now_us()
        flush = Flush()
        snapshots: list[Snapshot] = []
        for partition, book in self.books.items():
            if not book.is_whole:
                continue
            self._advance(book, partition, now_us)
            marks = self._marks(book)
            self._drain_misfits(flush, partition, book)
            self._drain_rows(flush, partition, book)
            pages, book.touched = book.touched, []
            self._publish(flush, partition, book, pages, now_us, snapshots)
            if marks:
                flush.after.append(Outgoing(self._topics.changelog, partition, marks))
        if not (flush.first or flush.together or flush.after):
            return None
        flush.done = lambda: self._outputs.flushed(snapshots)
        return flush

    def _advance(self, book: Book, partition: int, now_us: int) -> None:
        topics = (self.progress(topic, partition) for topic in self._topics.facts)
        for page in book.finality.advance(now_us, topics):
            book.touch(page)

    def _marks(self, book: Book) -> list[Record]:
        """What this flush publishes because of a timer, to be remembered once that is acknowledged."""
        marks: list[Record] = []
        if book.finality.unmarked:
            book.finality.unmarked = False
            marks.append((FINAL_MARK, _mark(book.finality.watermark_us), ()))
        if book.touch_stale(MOST_PAGES):
            book.stale = None
            book.generation = self._meaning.generation
            marks.append((GENERATION_MARK, _mark(book.generation), ()))
        return marks

    def _drain_misfits(self, flush: Flush, partition: int, book: Book) -> None:
        if book.rejected:
            flush.first.append(Outgoing(self._topics.rejected, partition, book.rejected))
            book.rejected = []
        for (topic, home), records in book.forwarded.items():
            flush.first.append(Outgoing(topic, home, records))
        book.forwarded.clear()
        book.misfit_bytes = 0

    def _drain_rows(self, flush: Flush, partition: int, book: Book) -> None:
        rows, book.rows = book.rows, []
        if rows:
            runs: list[Record] = [
                (None, encode_run(rows[start : start + RUN]), ()) for start in range(0, len(rows), RUN)
            ]
            flush.together.append(Outgoing(self._topics.changelog, partition, runs))

    def _publish(
        self, flush: Flush, partition: int, book: Book, pages: list[LivePage], now_us: int, snapshots: list[Snapshot]
    ) -> None:
        writing = self._outputs.begin(partition, now_us)
        for page in pages:
            page.touched = False
            page.written_us = now_us
            folded = page.settle(self._clocks, self._rule)
            if page.awaited_us != page.hour.end_us:
                book.finality.open(page)
            snapshots.append(writing.add(page, folded, book.finality.is_final(page)))
            if page.counted is not None:
                self._telemetry.counters.after(page, folded)
        flush.together += writing.outgoing()

    def snapshots(self) -> Iterator[Snapshot]:
        """A snapshot of every page, those of the latest hours first; pages may change between two steps."""
        now_us = self.now_us()
        hours = {hour_us for book in self.books.values() for hour_us in book.by_hour}
        for hour_us in sorted(hours, reverse=True):
            for book in [book for book in self.books.values() if book.is_whole]:
                for page in list(book.by_hour.get(hour_us, ())):
                    if self._outputs.expires_us(page) > now_us:
                        folded = page.settle(self._clocks, self._rule)
                        yield self._outputs.snapshot(page, folded, book.finality.is_final(page), now_us)
