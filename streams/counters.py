"""Counters of the floor: they rise by what a page's counts grew, never by statements, so repeats count nothing."""

from collections import defaultdict

from processors.fold import Fold
from processors.hours import Clocks
from processors.rollup import MAIN_SITE
from processors.rules import ConversationRule
from processors.statements import Part
from processors.times import MINUTE_US, SECOND_US
from schemas.kpis import COUNT_NAMES
from streams.ledgers.live_page import LivePage

PRESENT_US = 15 * MINUTE_US
"""Counters count hours that are present or ended so long ago; what comes later is told apart as late."""

Labels = tuple[str, ...]

_COUNTED = ("calls", "answered", "human_answered", "abandoned", "conversations", "appointments", "sales")
_BY_PART = tuple((f"dialer_{name}_total", COUNT_NAMES.index(name)) for name in _COUNTED)
_BY_OUTCOME = tuple(
    (outcome, COUNT_NAMES.index(count))
    for outcome, count in (
        ("refused", "refused"),
        ("warm_lead", "warm_leads"),
        ("callback", "callbacks"),
        ("appointment", "concluded_appointments"),
        ("unclassified", "unclassified"),
    )
)


def part_labels(part: Part) -> Labels:
    """(site, team, campaign) as labels: absent ones as ``main`` and empty text."""
    site_id, team_id, campaign_id = part
    return MAIN_SITE if site_id is None else site_id, team_id or "", campaign_id or ""


class FloorCounters:
    """Counter values by metric name and labels."""

    def __init__(self) -> None:
        self.values: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))

    def before(self, page: LivePage, clocks: Clocks, rule: ConversationRule) -> None:
        """Remembers a page's counts before facts change them, where they are not remembered from the last time."""
        if page.counted is None:
            page.counted = _counts(page.settle(clocks, rule)) if len(page) else {}

    def after(self, page: LivePage, folded: Fold) -> None:
        """Counts by how much a page that was looked at before has grown."""
        before, page.counted = page.counted or {}, _counts(folded)
        for part, (counts, talk_us) in page.counted.items():
            old, old_talk_us = before.get(part, (None, 0))
            labels = part_labels(part)
            for name, place in _BY_PART:
                self._rise(name, labels, counts[place] - (old[place] if old else 0))
            for outcome, place in _BY_OUTCOME:
                self._rise("dialer_outcomes_total", (*labels, outcome), counts[place] - (old[place] if old else 0))
            self._rise("dialer_talk_seconds_total", labels, (talk_us - old_talk_us) / SECOND_US)

    def _rise(self, name: str, labels: Labels, growth: float) -> None:
        # A series begins at 0, or the first events after a start would be missing from every rate.
        series = self.values[name]
        if growth > 0 or labels not in series:
            series[labels] += max(growth, 0)


def _counts(folded: Fold) -> dict[Part, tuple[list[int], int]]:
    return {part: (list(tally.counts), tally.talk_us) for part, tally in folded.parts.items()}
