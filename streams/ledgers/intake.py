"""The hot loop of the main job: a batch of fact records taken into the book of its partition.

Compiled where this machine can (see the decision on that), together with the pages and folds that it fills.
"""

from collections.abc import Sequence
from typing import Protocol

from processors.building import Refusal
from processors.page import CONFLICT, REPLACED, Acceptance
from processors.reading import Reader
from processors.statements import AnyStatement
from schemas.rejections import Reason
from streams.engine.batches import Batch
from streams.ledgers.book import Book
from streams.ledgers.live_page import LivePage

IN_CONFLICT = Refusal(
    Reason.VERSION_CONFLICT, "version: stands already with other content; state the change with a higher one"
)


class BatchNews:
    """What became of one batch of facts.

    Hours that ended before ``present_us`` are late; ``results`` counts by Acceptance. ``delays`` counts the accepted
    ones by how long ago what they tell of had ended, up to each of ``bounds_us`` and beyond the last; ``delay_us`` is
    the sum, in which an end that lies ahead is none. Microseconds.
    """

    __slots__ = ("bounds_us", "delay_us", "delays", "late", "now_us", "present_us", "results")

    def __init__(self, now_us: int, present_us: int, bounds_us: Sequence[int]) -> None:
        self.now_us = now_us
        self.present_us = present_us
        self.bounds_us = list(bounds_us)
        self.delays = [0] * (len(self.bounds_us) + 1)
        self.delay_us = 0
        self.results = [0] * len(Acceptance)
        self.late = 0


class Desk(Protocol):
    """Who is asked about what does not happen with every fact."""

    def is_home(self, book: Book, partition: int, key: bytes | None, owner: str) -> bool:
        """Whether facts of this owner belong under this key and in this partition."""
        ...

    def open_page(self, book: Book, statement: AnyStatement, news: BatchNews) -> LivePage:
        """The page that a statement begins."""
        ...

    def touch(self, book: Book, page: LivePage, news: BatchNews) -> None:
        """The first fact since the last flush has come for this page."""
        ...

    def reject(self, book: Book, batch: Batch, place: int, refusal: Refusal) -> None:
        """The batch's record at this place is refused."""
        ...

    def forward(self, book: Book, batch: Batch, place: int, owner: str) -> None:
        """The batch's record at this place belongs to an owner elsewhere."""
        ...


def take_in(batch: Batch, topic: str, book: Book, reader: Reader, desk: Desk, news: BatchNews) -> None:
    """Accepts, rejects or forwards each record of a batch; ``topic`` is its topic's name in the registry."""
    keys, values, stamps, partition, run = batch.keys, batch.values, batch.timestamps, batch.partition, batch.run
    homes, pages, scanner, kind = book.homes, book.pages, reader.scanner, reader.scanned_as(topic)
    for place in range(len(values)):
        statement: AnyStatement | None
        if run is None:
            statement = scanner.scan(kind, keys[place], values[place], stamps[place] * 1000)
        else:  # compiled: no object is made of a record that the scanner takes
            span = run.span(place)
            statement = scanner.scan_bytes(kind, span.key_size, span.value, span.value_size, span.stamp_ms)
        if statement is not None:
            ended_us = scanner.ended_us
        else:
            try:
                statement = reader.read_unplain(topic, keys[place], values[place], stamps[place] * 1000)
            except Refusal as refusal:
                desk.reject(book, batch, place, refusal)
                continue
            ended_us = reader.ended_us
        owner = statement.owner
        home = homes.get(owner)
        if home is None or not (keys[place] == home.key if run is None else run.is_key(place, home.key)):
            if not desk.is_home(book, partition, keys[place], owner):
                desk.forward(book, batch, place, owner)
                continue
            home = homes[owner]
        page = home.page
        if page is None or page.hour_us != statement.hour_us:
            page = pages.get((owner, statement.hour_us))
            if page is None:
                page = desk.open_page(book, statement, news)
            home.page = page
        if not page.touched:
            desk.touch(book, page, news)
        acceptance = page.take(statement)
        news.results[acceptance] += 1
        if acceptance <= REPLACED:
            book.rows.append(statement)
            _note(page, statement, ended_us, news)
        elif acceptance == CONFLICT:
            desk.reject(book, batch, place, IN_CONFLICT)


def _note(page: LivePage, statement: AnyStatement, ended_us: int, news: BatchNews) -> None:
    """An accepted statement says when something had ended."""
    _note_delay(news, news.now_us - ended_us)
    if page.end_us <= news.present_us:
        news.late += 1
        if page.ended is None:
            return
    page.see_end(statement.part, ended_us)


def _note_delay(news: BatchNews, delay_us: int) -> None:
    place = 0
    for bound_us in news.bounds_us:
        if delay_us <= bound_us:
            break
        place += 1
    news.delays[place] += 1
    if delay_us > 0:
        news.delay_us += delay_us
