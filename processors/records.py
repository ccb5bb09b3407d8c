"""KPI records of owners: a page's fold written out as the contract has it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from processors.fold import Fold
from processors.hours import SLOT_US, Hour
from processors.owners import is_operator
from processors.page import Page
from processors.rates import rates
from processors.revision import Revision
from processors.statements import Part as PartKey
from processors.tally import Tally, total
from processors.times import SECOND_US, format_millis, format_time
from schemas.kpis import OperatorHour, Part, PartCounts, Slots

SLOT_SECONDS = SLOT_US // SECOND_US


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a deployment's numbers mean: the generation and the name of its conversation rule."""

    generation: int
    rule: str


def slots_of(tally: Tally) -> Slots:
    """The five-minute counts of a tally."""
    size = len(tally.slots) // 3
    return Slots(SLOT_SECONDS, tally.slots[:size], tally.slots[size : 2 * size], tally.slots[2 * size :])


def _campaigns(parts: dict[PartKey, Tally]) -> dict[str, Part]:
    """What each campaign has of the page, those with nothing left out, in the order of their ids."""
    found: dict[str, list[Tally]] = {}
    for (_, _, campaign_id), tally in parts.items():
        if campaign_id is not None and not tally.is_zero:
            found.setdefault(campaign_id, []).append(tally)
    return {campaign_id: _part(tallies) for campaign_id, tallies in sorted(found.items())}


def _part(tallies: list[Tally]) -> Part:
    tally = tallies[0] if len(tallies) == 1 else total(tallies, len(tallies[0].slots) // 3)
    return Part(PartCounts(*tally.counts), tally.talk_us / SECOND_US, tally.amount_texts())


def operator_hour(
    page: Page,
    folded: Fold,
    hour: Hour,
    meaning: Meaning,
    is_final: bool,
    emitted_us: int,
    rates_of: Callable[[Sequence[int], int, float], Any] = rates,
) -> OperatorHour:
    """The record of a page: ``hour`` on the clock of the latest fact's site, ``emitted_us`` the present moment.

    ``rates_of`` may be ``written_rates`` where the record is only to be written.
    """
    latest = folded.latest
    site_id, team_id, _ = latest.part if latest is not None else (None, None, None)
    tally = folded.total()
    return OperatorHour(
        owner=page.owner,
        operator_id=page.owner if is_operator(page.owner) else None,
        team_id=team_id,
        site_id=site_id,
        hour_start=format_time(hour.start_us),
        hour_end=format_time(hour.end_us),
        time_zone=hour.zone,
        revision=Revision(meaning.generation, page.weight, is_final).text(),
        is_final=is_final,
        emitted_at=format_millis(emitted_us),
        conversation_rule=meaning.rule,
        counts=tally.as_counts(),
        talk_seconds=tally.talk_us / SECOND_US,
        amounts=tally.amount_texts(),
        rates=rates_of(tally.counts, tally.talk_us, hour.hours),
        slots=slots_of(tally),
        campaigns=_campaigns(folded.parts),
    )


def operator_key(page: Page) -> str:
    """``<owner>|<hour_start>``."""
    return f"{page.owner}|{format_time(page.hour_us)}"
