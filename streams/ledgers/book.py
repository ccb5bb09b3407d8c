"""A partition's book: its pages, and everything of them that is not written yet. They live and die together."""

from collections import defaultdict

from processors.hours import Hour
from processors.page import PageKey
from processors.statements import AnyStatement
from streams.engine.outgoing import Record
from streams.ledgers.finality import Finality
from streams.ledgers.live_page import LivePage


class Home:
    """Under which key an owner's facts lie in this partition, and the page that the last of them was for."""

    __slots__ = ("key", "page")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.page: LivePage | None = None


class Book:
    """The pages of one partition of the fact topics.

    ``rows``: statements accepted since the last drain. ``touched``: pages to publish, also those that only known facts
    touched: this may be the replay of facts whose rows were written while their outputs were not. ``stale``: pages to
    publish anew because a generation began, taken a slice at a time. ``is_whole``: restored to the end; before that
    nothing of it may be published.
    """

    def __init__(self, grace_us: int) -> None:
        self.pages: dict[PageKey, LivePage] = {}
        self.by_hour: dict[int, list[LivePage]] = defaultdict(list)
        self.homes: dict[str, Home] = {}
        self.touched: list[LivePage] = []
        self.rows: list[AnyStatement] = []
        self.rejected: list[Record] = []
        self.forwarded: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self.misfit_bytes = 0
        self.finality = Finality(grace_us)
        self.generation = 0
        self.stale: list[LivePage] | None = None
        self.is_whole = False

    def page(self, owner: str, hour: Hour) -> LivePage:
        """The page of a key, made where there is none."""
        key = owner, hour.start_us
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = LivePage(owner, hour)
            self.by_hour[hour.start_us].append(page)
            self.finality.open(page)
            # Final with its first record: without a mark, a successor would say every such page again, in one flush.
            self.finality.unmarked |= self.finality.is_final(page)
        return page

    @property
    def unflushed(self) -> int:
        """Pages touched since the last drain, and what weighs as much: a kilobyte of rejected or forwarded records."""
        return len(self.touched) + self.misfit_bytes // 1000

    @property
    def facts(self) -> int:
        """Statements that stand in the pages."""
        return sum(map(len, self.pages.values()))

    def touch(self, page: LivePage) -> None:
        """The page is to be published with the next drain."""
        if not page.touched:
            page.touched = True
            self.touched.append(page)

    def touch_stale(self, most: int) -> bool:
        """Touches some of the pages that a new generation waits for, up to ``most`` in all; True when none is left.

        A few go with every flush however busy the floor is, or they would wait for ever.
        """
        if self.stale is None:
            return False
        end = max(most, len(self.touched) + most // 10)
        while self.stale and len(self.touched) < end:
            self.touch(self.stale.pop())
        return not self.stale
