"""Recovery's inner loop: what workers have written to the changelog, joined into pages."""

from processors.hours import Clocks
from processors.interning import talks, times
from processors.statements import KIND_OF, AnyStatement, CallStatement, Part
from streams.errors import UserError
from streams.ledgers.book import Book
from streams.ledgers.live_page import LivePage


class Restorer:
    """Joins runs of statements into books. The same as `LivePage.restore` for each, without its calls."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        # Equal values, one object for all: the decoder makes a new one for every statement.
        self._parts: dict[Part, Part] = {}
        self._times, self._talks = times(), talks()

    def join(self, book: Book, run: list[AnyStatement], written_us: int) -> None:
        """Joins one changelog row, written then. Raises UserError where a site's zone has changed."""
        pages, parts, kind_of = book.pages, self._parts, KIND_OF
        for statement in run:
            page, part = pages.get((statement.owner, statement.hour_us)), parts.get(statement.part)
            if page is None or part is None or part not in page.parts:
                page, part = self._open(book, statement)
            statement.owner, statement.hour_us, statement.part = page.owner, page.hour_us, part
            kinds, kind = page.kinds, kind_of[type(statement)]
            statement.at_us = self._times.one(statement.at_us)
            if isinstance(statement, CallStatement):  # which are most
                self._share_talk(statement)
            standing = kinds[kind]
            if standing is None:
                standing = kinds[kind] = {}
            if standing.setdefault(statement.id, statement) is statement:
                page.weight += statement.version + 1
                page.folded = page.ended = page.counted = None
            else:
                page.restore(statement)
            if page.written_us < written_us:  # noqa: PLR1730 - a call for each of a million
                page.written_us = written_us

    def _share_talk(self, call: CallStatement) -> None:
        if call.talk_us is not None:
            call.talk_us = self._talks.one(call.talk_us)

    def _open(self, book: Book, statement: AnyStatement) -> tuple[LivePage, Part]:
        """Page and part, where the page is new or the part is new to it: its site's clock must still give that hour."""
        part = self._parts.setdefault(statement.part, statement.part)
        site_id = part[0]
        hour = self._clocks.of(site_id).hour(statement.at_us)
        if hour.start_us != statement.hour_us:
            raise UserError(_zone_changed(site_id, hour.zone))
        page = book.page(statement.owner, hour)
        page.name_part(part)
        return page, part


def _zone_changed(site_id: str | None, zone: str) -> str:
    site = "facts without a site" if site_id is None else f"site {site_id!r}"
    return (
        f"DIALPULSE_TIME_ZONE, DIALPULSE_SITE_TIME_ZONES: {site} has facts in hours of another zone than {zone}, and a "
        "zone with facts never changes; set the old zone, or set a new DIALPULSE_PREFIX and replay the facts"
    )
