"""When an hour's records are final: the clock and every fact topic of the partition have passed its end and a grace.

One watermark per partition says it for all pages at once. It is written to the changelog after the records that it
made final were acknowledged, so that a successor says them again where that did not come to pass.
"""

from collections import defaultdict
from collections.abc import Iterable

from streams.engine.deliveries import Progress
from streams.ledgers.live_page import LivePage


class Finality:
    """The watermark of a partition and the pages that wait for it. Microseconds."""

    def __init__(self, grace_us: int) -> None:
        self._grace_us = grace_us
        self._open: dict[int, list[LivePage]] = defaultdict(list)
        self.watermark_us = 0
        self.unmarked = False

    def open(self, page: LivePage) -> None:
        """The page waits for its hour's end, unless that has passed; again where its hour has got another end."""
        page.awaited_us = page.hour.end_us
        if not self.is_final(page):
            self._open[page.hour.end_us].append(page)

    def is_final(self, page: LivePage) -> bool:
        """Whether the page's record is final as things stand."""
        return page.hour.end_us + self._grace_us <= self.watermark_us

    def advance(self, now_us: int, topics: Iterable[Progress]) -> list[LivePage]:
        """Moves the watermark as far as the clock and every fact topic allow; the pages that thereby became final."""
        reached = now_us
        for progress in topics:
            if not progress.is_at_end:
                reached = min(reached, (progress.last_timestamp_ms or 0) * 1000)
        if reached <= self.watermark_us:
            return []
        self.watermark_us = reached
        due = [end for end in self._open if end + self._grace_us <= reached]
        found = [page for end in due for page in self._open.pop(end) if self._is_over(page, end)]
        self.unmarked |= bool(found)
        return found

    def _is_over(self, page: LivePage, end_us: int) -> bool:
        """Whether a page that waited for this end is final now: its latest fact may have moved it to another clock."""
        if page.awaited_us != end_us:
            return False
        if page.hour.end_us != end_us:
            self.open(page)
        return self.is_final(page)

    def restore(self, watermark_us: int) -> None:
        """A mark read back: what it covers was published as final."""
        self.watermark_us = max(self.watermark_us, watermark_us)

    def settle(self) -> None:
        """After a recovery: forgets the pages that the restored watermark covers, which have their mark."""
        self.unmarked = False
        for end in [end for end in self._open if end + self._grace_us <= self.watermark_us]:
            del self._open[end]
