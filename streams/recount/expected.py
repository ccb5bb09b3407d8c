"""What the pipeline should have published: records of every level from recounted pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from processors.fold import Fold, fold
from processors.hours import Clocks, Hour
from processors.page import Page, PageKey
from processors.records import Meaning, operator_hour, operator_key
from processors.rollup import HourPage, Target, contribution, roll_up_key
from processors.rules import ConversationRule
from processors.times import parse_time
from schemas.kpis import KpiRecord
from streams.recount.counting import FactCount
from streams.topology import OPERATOR_HOURS, ROLL_UPS

SLOTS = 12
"""Of a full hour."""

LEVEL_TOPICS = {"operator": OPERATOR_HOURS, **ROLL_UPS}
"""The KPI topic of each level of Redis keys."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A record as it should stand: ``id`` is the owner or the level's id, times in microseconds.

    ``changed_us``: when the last fact that changed it arrived, and so the earliest at which it can have been written.
    """

    topic: str
    level: str
    id: str
    hour_us: int
    end_us: int
    changed_us: int
    record: KpiRecord

    def body(self) -> dict[str, Any]:
        """The record as JSON shows it."""
        shown: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.record))
        return shown


class Records:
    """Every record that follows from the facts counted so far, by topic and key; kept in step by ``settle``."""

    def __init__(self, clocks: Clocks, rule: ConversationRule, meaning: Meaning) -> None:
        self._clocks = clocks
        self._rule = rule
        self._meaning = meaning
        self._hours: dict[int, HourPage] = {}
        self._changed_us: dict[tuple[int, Target], int] = {}
        self.by_topic: dict[str, dict[str, Expected]] = {topic: {} for topic in LEVEL_TOPICS.values()}

    def settle(self, facts: FactCount) -> None:
        """Works out anew what the facts changed since the last call."""
        touched: set[tuple[int, Target]] = set()
        for key in facts.take_touched():
            touched |= self._settle_page(facts, key)
        for hour_us, target in touched:
            self._settle_roll_up(hour_us, target)

    def _settle_page(self, facts: FactCount, key: PageKey) -> set[tuple[int, Target]]:
        page, changed_us = facts.pages[key], facts.changed_us[key]
        hour, folded = self._folded(page)
        record = operator_hour(page, folded, hour, self._meaning, False, 0)
        owner, hour_us = key
        self.by_topic[OPERATOR_HOURS][operator_key(page)] = Expected(
            OPERATOR_HOURS, "operator", owner, hour_us, hour.end_us, changed_us, record
        )
        shares = self._hours.setdefault(hour_us, HourPage(hour_us))
        given = contribution(page, folded, hour, self._meaning, False)
        shares.accept(given)
        targets = {(hour_us, target) for target in shares.targets(given)}
        for entry in targets:
            self._changed_us[entry] = max(changed_us, self._changed_us.get(entry, 0))
        return targets

    def _folded(self, page: Page) -> tuple[Hour, Fold]:
        """The page's hour on the clock of its latest fact's site, and its numbers."""
        folded = fold(page, SLOTS, self._rule)
        latest = folded.latest
        assert latest is not None
        hour = self._clocks.of(latest.part[0]).hour(latest.at_us)
        return hour, folded if hour.slots == SLOTS else fold(page, hour.slots, self._rule)

    def _settle_roll_up(self, hour_us: int, target: Target) -> None:
        level, identity = target
        record = self._hours[hour_us].record(target, self._meaning, 0)
        topic = ROLL_UPS[level]
        self.by_topic[topic][roll_up_key(target, hour_us)] = Expected(
            topic, level, identity, hour_us, parse_time(record.hour_end), self._changed_us[hour_us, target], record
        )

    def __iter__(self) -> Iterator[Expected]:
        for records in self.by_topic.values():
            yield from records.values()
