"""Roll-ups: what campaigns, teams and sites did in an hour, as the join of their contributors.

A contribution is one owner's hour by parts, with its revision. The page of an hour keeps, per owner, the contribution
with the greatest revision; a level's record is the sum over owners. Like any page it merges: order and repetition
change nothing.
"""

from collections.abc import Iterable
from functools import lru_cache
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
from processors.sums import Amounts, Sum, to_lanes
from processors.tally import PackedTally
from processors.times import HOUR_US, SECOND_US, format_millis, format_time
from schemas.kpis import CampaignHour, SiteHour, TeamHour

MAIN_SITE = "main"
"""The site of facts that name none."""

Level = Literal["campaign", "team", "site"]

Kind = tuple[int, bool, tuple[str, int]]
"""Generation, finality and clock (zone and end of the hour) of a contribution."""

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
        parts.append((part, None if tally is None or tally.is_zero else tally.packed()))
    return Contribution(
        page.owner, hour.start_us, hour.end_us, hour.zone, meaning.generation, page.weight, is_final, parts
    )


def _sortable(part: Part) -> tuple[str, str, str]:
    return part[0] or "", part[1] or "", part[2] or ""


@lru_cache(maxsize=1 << 16)
def targets_of(part: Part) -> tuple[Target, ...]:
    """The roll-ups that a part counts for."""
    site_id, team_id, campaign_id = part
    found: list[Target] = [("site", site_id if site_id is not None else MAIN_SITE)]
    if team_id is not None:
        found.append(("team", team_id))
    if campaign_id is not None:
        found.append(("campaign", campaign_id))
    return tuple(found)


class Share:
    """What one owner's contribution gives to one roll-up: a sum of its parts.

    ``lanes`` is None where it has nothing of it.
    """

    __slots__ = ("amounts", "lanes")

    def __init__(self, lanes: int | None = None, amounts: tuple[Amounts, ...] = ()) -> None:
        self.lanes = lanes
        self.amounts = amounts

    def plus(self, other: "Share") -> "Share":
        """Both together."""
        if self.lanes is None or other.lanes is None:
            return other if self.lanes is None else self
        return Share(self.lanes + other.lanes, self.amounts + other.amounts)


NOTHING = Share()


@lru_cache(maxsize=1 << 10)
def _kind(generation: int, is_final: bool, zone: str, end_us: int) -> Kind:
    """One object for all contributions of a kind."""
    return generation, is_final, (zone, end_us)


class Given:
    """A contribution as an hour keeps it: shared out among its roll-ups."""

    __slots__ = ("is_operator", "kind", "shares", "weight")

    def __init__(self, contribution: Contribution) -> None:
        self.weight = contribution.weight
        self.kind = _kind(contribution.generation, contribution.is_final, contribution.zone, contribution.end_us)
        self.is_operator = is_operator(contribution.owner)
        self.shares: dict[Target, Share] = {}
        for part, tally in contribution.parts:
            share = NOTHING
            if tally is not None:
                share = Share(to_lanes(tally), (tally.amounts,) if tally.amounts else ())
            for target in targets_of(part):
                known = self.shares.get(target)
                self.shares[target] = share if known is None else known.plus(share)

    @property
    def revision(self) -> Revision:
        """What decides between two contributions of one owner."""
        return Revision(self.kind[0], self.weight, self.kind[1])


_Key = TypeVar("_Key")


class RollUp:
    """The running sum of one campaign's, team's or site's hour over its contributors."""

    __slots__ = ("clocks", "finals", "generations", "operators", "sum", "weight")

    def __init__(self) -> None:
        self.sum = Sum()
        self.weight = 0
        self.finals: dict[bool, int] = {}
        self.generations: dict[int, int] = {}
        self.operators = 0
        self.clocks: dict[tuple[str, int], int] = {}

    def exchange(self, target: Target, before: Given | None, after: Given) -> None:
        """Takes what an owner gave before to this, the ``target``, out, and puts what it gives now in."""
        left = None if before is None else before.shares.get(target)
        come = after.shares.get(target)
        old, new = left or NOTHING, come or NOTHING
        if (
            before is not None
            and left is not None
            and come is not None
            and before.kind == after.kind
            and (old.lanes is None) == (new.lanes is None)
        ):
            self.weight += after.weight - before.weight  # all that changes while an hour runs
        else:
            if come is not None:
                self._note(after, come, 1)
            if before is not None and left is not None:
                self._note(before, left, -1)
        self.sum.change((new.lanes or 0) - (old.lanes or 0), new.amounts, old.amounts)

    def _note(self, given: Given, share: Share, sign: int) -> None:
        generation, is_final, clock = given.kind
        self.weight += sign * given.weight
        _count(self.finals, is_final, sign)
        _count(self.generations, generation, sign)
        if share.lanes is not None:
            _count(self.clocks, clock, sign)
            self.operators += sign * given.is_operator

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

    __slots__ = ("given", "hour_us", "roll_ups")

    def __init__(self, hour_us: int) -> None:
        self.hour_us = hour_us
        self.given: dict[str, Given] = {}
        self.roll_ups: dict[Target, RollUp] = {}

    def accept(self, contribution: Contribution) -> Iterable[Target] | None:
        """Joins one contribution; the roll-ups that it changed, None where a standing one is as great."""
        standing = self.given.get(contribution.owner)
        if standing is not None and standing.revision >= contribution.revision:
            return None
        given = self.given[contribution.owner] = Given(contribution)
        before = {} if standing is None else standing.shares
        changed = given.shares if before.keys() <= given.shares.keys() else {**before, **given.shares}
        for target in changed:
            self.open(target).exchange(target, standing, given)
        return changed

    def open(self, target: Target) -> RollUp:
        """The roll-up of this hour, made where there is none: one that a contribution named has a record for good."""
        roll_up = self.roll_ups.get(target)
        if roll_up is None:
            roll_up = self.roll_ups[target] = RollUp()
        return roll_up

    def targets(self, contribution: Contribution) -> set[Target]:
        """The roll-ups of this hour that a contribution counts for.

        Of two with one revision, each made without what the other knew, the one that lost may name roll-ups that are
        not here: they come with the greater one that knows both.
        """
        return {target for part, _ in contribution.parts for target in targets_of(part) if target in self.roll_ups}

    def record(self, target: Target, meaning: Meaning, emitted_us: int) -> CampaignHour | TeamHour | SiteHour:
        """The record of one roll-up at the present moment."""
        roll_up = self.roll_ups[target]
        zones = {zone for zone, _ in roll_up.clocks}
        end_us = max((end for _, end in roll_up.clocks), default=self.hour_us + HOUR_US)
        level, identity = target
        revision = roll_up.revision
        tally = roll_up.sum.tally(-(-(end_us - self.hour_us) // SLOT_US))
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
