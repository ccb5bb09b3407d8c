"""Roll-ups: what campaigns, teams and sites did in an hour, as the join of their contributors.

A contribution is one owner's hour by parts, with its revision. The page of an hour keeps, per owner, the contribution
with the greatest revision; a level's record is the sum over owners. Like any page it merges: order and repetition
change nothing.
"""

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec

from processors.fold import Fold
from processors.hours import SLOT_US, Hour
from processors.owners import is_operator
from processors.page import Page
from processors.rates import rates
from processors.records import Meaning, slots_of
from processors.revision import Revision
from processors.statements import Part
from processors.tally import PackedTally, Tally
from processors.times import HOUR_US, SECOND_US, format_millis, format_time
from schemas.kpis import CampaignHour, SiteHour, TeamHour

MAIN_SITE = "main"
"""The site of facts that name none."""

Level = Literal["campaign", "team", "site"]

Target = tuple[Level, str]
"""(level, id): ``campaign``, ``team`` or ``site``, and which."""


class Contribution(msgspec.Struct, array_like=True, gc=False):
    """One owner's hour as roll-ups take it: its revision, its clock, and its numbers by part, zeros included.

    ``parts`` has every part that any statement of the page ever named, so that what moved away leaves zeros behind.
    Times in microseconds.
    """

    owner: str
    hour_us: int
    end_us: int
    zone: str
    generation: int
    weight: int
    is_final: bool
    parts: list[tuple[Part, PackedTally | None]]

    @property
    def revision(self) -> Revision:
        """What decides between two contributions of one owner."""
        return Revision(self.generation, self.weight, self.is_final)


def contribution(page: Page, folded: Fold, hour: Hour, meaning: Meaning, is_final: bool) -> Contribution:
    """What a page contributes; a part without anything is written as None."""
    parts: list[tuple[Part, PackedTally | None]] = []
    for part in sorted(page.parts, key=_sortable):
        tally = folded.parts.get(part)
        packed = None if tally is None else tally.packed()
        parts.append((part, None if packed is None or packed.is_zero else packed))
    return Contribution(
        page.owner, hour.start_us, hour.end_us, hour.zone, meaning.generation, page.weight, is_final, parts
    )


def _sortable(part: Part) -> tuple[str, str, str]:
    return part[0] or "", part[1] or "", part[2] or ""


def targets_of(part: Part) -> Iterable[Target]:
    """The roll-ups that a part counts for."""
    site_id, team_id, campaign_id = part
    yield "site", site_id if site_id is not None else MAIN_SITE
    if team_id is not None:
        yield "team", team_id
    if campaign_id is not None:
        yield "campaign", campaign_id


_Key = TypeVar("_Key")


class RollUp:
    """The running sum of one campaign's, team's or site's hour over its contributors."""

    __slots__ = ("clocks", "finals", "generations", "operators", "tally", "weight")

    def __init__(self) -> None:
        self.tally = Tally(0)
        self.weight = 0
        self.finals: dict[bool, int] = {}
        self.generations: dict[int, int] = {}
        self.operators = 0
        self.clocks: dict[tuple[str, int], int] = {}

    def join(self, contribution: Contribution, tallies: list[PackedTally], sign: int) -> None:
        """Takes one owner's contribution to this roll-up in (1) or out again (-1)."""
        self.weight += sign * contribution.weight
        _count(self.finals, contribution.is_final, sign)
        _count(self.generations, contribution.generation, sign)
        for tally in tallies:
            if sign == 1:
                self.tally.add(tally)
            else:
                self.tally.subtract(tally)
        if tallies:
            _count(self.clocks, (contribution.zone, contribution.end_us), sign)
            self.operators += sign * is_operator(contribution.owner)

    @property
    def revision(self) -> Revision:
        """The sum of the contributors' weights, the least of their generations and final marks."""
        return Revision(min(self.generations, default=0), self.weight, min(self.finals, default=False))


def _count(book: dict[_Key, int], key: _Key, sign: int) -> None:
    book[key] = book.get(key, 0) + sign
    if not book[key]:
        del book[key]


class HourPage:
    """All contributions of one hour, the greatest of each owner, with the roll-ups that they add up to."""

    __slots__ = ("contributions", "hour_us", "roll_ups")

    def __init__(self, hour_us: int) -> None:
        self.hour_us = hour_us
        self.contributions: dict[str, Contribution] = {}
        self.roll_ups: dict[Target, RollUp] = {}

    def accept(self, contribution: Contribution) -> set[Target] | None:
        """Joins one contribution; the roll-ups that it changed, None where a standing one is as great."""
        standing = self.contributions.get(contribution.owner)
        if standing is not None and standing.revision >= contribution.revision:
            return None
        changed: set[Target] = set()
        if standing is not None:
            changed |= self._join(standing, -1)
        changed |= self._join(contribution, 1)
        self.contributions[contribution.owner] = contribution
        return changed

    def _join(self, contribution: Contribution, sign: int) -> set[Target]:
        shares: dict[Target, list[PackedTally]] = {}
        for part, tally in contribution.parts:
            for target in targets_of(part):
                share = shares.setdefault(target, [])
                if tally is not None:
                    share.append(tally)
        for target, tallies in shares.items():
            roll_up = self.roll_ups.get(target)
            if roll_up is None:
                roll_up = self.roll_ups[target] = RollUp()
            roll_up.join(contribution, tallies, sign)
        return set(shares)

    def targets(self, contribution: Contribution) -> set[Target]:
        """The roll-ups that a contribution counts for."""
        return {target for part, _ in contribution.parts for target in targets_of(part)}

    def record(self, target: Target, meaning: Meaning, emitted_us: int) -> CampaignHour | TeamHour | SiteHour:
        """The record of one roll-up at the present moment."""
        roll_up = self.roll_ups[target]
        zones = {zone for zone, _ in roll_up.clocks}
        end_us = max((end for _, end in roll_up.clocks), default=self.hour_us + HOUR_US)
        level, identity = target
        revision = roll_up.revision
        tally = roll_up.tally
        tally.resize(-(-(end_us - self.hour_us) // SLOT_US))
        return _RECORDS[level](
            **{f"{level}_id": identity},
            hour_start=format_time(self.hour_us),
            hour_end=format_time(end_us),
            time_zone=next(iter(zones)) if len(zones) == 1 else None,
            revision=revision.text(),
            is_final=revision.is_final,
            emitted_at=format_millis(emitted_us),
            conversation_rule=meaning.rule,
            operators=roll_up.operators,
            counts=tally.as_counts(),
            talk_seconds=tally.talk_us / SECOND_US,
            amounts=tally.amount_texts(),
            rates=rates(tally.counts, tally.talk_us, (end_us - self.hour_us) / HOUR_US),
            slots=slots_of(tally),
        )


_RECORDS: dict[str, type[CampaignHour] | type[TeamHour] | type[SiteHour]] = {
    "campaign": CampaignHour,
    "team": TeamHour,
    "site": SiteHour,
}


def roll_up_key(target: Target, hour_us: int) -> str:
    """``<id>|<hour_start>``."""
    return f"{target[1]}|{format_time(hour_us)}"
