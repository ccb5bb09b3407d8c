"""The pure core driven as a worker drives it, in memory: records in, KPI records out."""

import msgspec

from processors.building import Refusal
from processors.fold import Fold, fold
from processors.hours import Clocks, Hour
from processors.owners import record_key
from processors.page import Acceptance, Page, PageKey
from processors.reading import Reader
from processors.records import Meaning, operator_hour
from processors.rollup import Contribution, HourPage, contribution
from processors.rules import rule_named
from processors.statements import AnyStatement
from schemas.kpis import OperatorHour
from streams.ledgers.live_page import LivePage

RULE = "outcome-or-talk-20s"

_RESULTS = {
    Acceptance.ACCEPTED: "accepted",
    Acceptance.REPLACED: "accepted",
    Acceptance.DUPLICATE: "duplicate",
    Acceptance.SUPERSEDED: "superseded",
    Acceptance.CONFLICT: "version_conflict",
}

_decode_contribution = msgspec.msgpack.Decoder(Contribution).decode


class Core:
    """Pages with their running folds, and the roll-ups of all that they contributed on the way."""

    def __init__(self, clocks: Clocks, rule: str = RULE, generation: int = 1) -> None:
        self.clocks = clocks
        self.rule = rule_named(rule)
        self.meaning = Meaning(generation, rule)
        self.pages: dict[PageKey, LivePage] = {}
        self.hours: dict[int, HourPage] = {}
        self._reader = Reader(clocks)

    def offer(self, topic: str, key: bytes, value: bytes, record_us: int) -> str:
        """What becomes of one record; a misplaced one is counted by its copy."""
        try:
            statement = self._reader.read(topic, key, value, record_us)
        except Refusal as refusal:
            return refusal.reason
        result = _RESULTS[self.take(statement)]
        return result if key == record_key(statement.owner) else "forwarded"

    def take(self, statement: AnyStatement) -> Acceptance:
        """Accepts a statement, keeps the fold in step as a worker does, and contributes what changed."""
        key = (statement.owner, statement.hour_us)
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = LivePage(
                statement.owner, self.clocks.of(statement.part[0]).hour(statement.hour_us)
            )
            page.begin(self.rule, is_present=True)
        acceptance = page.take(statement)
        if acceptance in (Acceptance.ACCEPTED, Acceptance.REPLACED):
            self.hours.setdefault(page.hour_us, HourPage(page.hour_us)).accept(self.contribution(page))
        return acceptance

    def settled(self, page: LivePage) -> tuple[Fold, Hour]:
        """The running fold, and the page's hour on its latest fact's clock."""
        return page.settle(self.clocks, self.rule), page.hour

    def hour_of(self, page: Page, folded: Fold) -> Hour:
        """The page's hour on the clock of the latest fact's site."""
        assert folded.latest is not None
        return self.clocks.of(folded.latest.part[0]).hour(page.hour_us)

    def contribution(self, page: LivePage, is_final: bool = False) -> Contribution:
        """What a page contributes, as it arrives at the roll-ups: written and read again."""
        folded, hour = self.settled(page)
        return _decode_contribution(msgspec.msgpack.encode(contribution(page, folded, hour, self.meaning, is_final)))

    def record(self, page: LivePage, is_final: bool = False) -> OperatorHour:
        """The page's record, as if emitted at its hour's start."""
        folded, hour = self.settled(page)
        return operator_hour(page, folded, hour, self.meaning, is_final, page.hour_us)


def fold_anew(page: Page, core: Core) -> Fold:
    """The fold of a page by itself: its latest fact says how many slots the hour has."""
    latest = fold(page, 12, core.rule)
    return fold(page, core.hour_of(page, latest).slots, core.rule)
