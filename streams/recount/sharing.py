"""What each statement of a page adds to its counts: found by folding, so that no rule is told twice."""

from collections.abc import Iterator
from typing import NamedTuple

from processors.fold import APPOINTMENT, CALL, CONVERSATION, PRESENCE, SALE, fold
from processors.page import Page
from processors.rules import ConversationRule
from processors.statements import KIND_OF, AnyStatement, AppointmentStatement
from schemas.kpis import COUNT_NAMES

ORDER = (APPOINTMENT, CALL, CONVERSATION, SALE, PRESENCE)
"""Appointments first: whether a conclusion stands for an appointment depends on the facts about it."""


class Share(NamedTuple):
    """A statement that stands and what it adds: counts that are not zero, talk in microseconds.

    ``together``: the counts of everything said about its call, this statement and those ``beside`` it.
    """

    statement: AnyStatement
    adds: dict[str, int]
    talk_us: int
    together: dict[str, int]
    beside: list[AnyStatement]


def shares(page: Page, slots: int, rule: ConversationRule) -> list[Share]:
    """Every statement of a page with its share; the shares add up to the page's counts.

    In the order of time, and at one instant by kind.
    """
    found = [share for group in _groups(page) for share in _shares(page, group, slots, rule)]
    return sorted(found, key=lambda share: (share.statement.at_us, KIND_OF[type(share.statement)], share.statement.id))


def _groups(page: Page) -> Iterator[list[AnyStatement]]:
    """Statements that bear on one another: those of one call. All others stand alone."""
    by_call: dict[str, list[AnyStatement]] = {}
    for kind in ORDER:
        for statement in (page.kinds[kind] or {}).values():
            call_id = _call_id(kind, statement)
            if call_id is None:
                yield [statement]
            else:
                by_call.setdefault(call_id, []).append(statement)
    yield from by_call.values()


def _call_id(kind: int, statement: AnyStatement) -> str | None:
    if isinstance(statement, AppointmentStatement):
        return statement.call_id
    return statement.id if kind in (CALL, CONVERSATION) else None


def _shares(page: Page, group: list[AnyStatement], slots: int, rule: ConversationRule) -> list[Share]:
    part = Page(page.owner, page.hour_us)
    steps = [_numbers(part, slots, rule)]
    for statement in group:
        part.accept(statement)
        steps.append(_numbers(part, slots, rule))
    together = _named(steps[-1][0])
    found = []
    for place, statement in enumerate(group):
        (before, talk_before), (after, talk_after) = steps[place], steps[place + 1]
        adds = _named([b - a for a, b in zip(before, after, strict=True)])
        beside = [other for other in group if other is not statement]
        found.append(Share(statement, adds, talk_after - talk_before, together, beside))
    return found


def _numbers(page: Page, slots: int, rule: ConversationRule) -> tuple[list[int], int]:
    tally = fold(page, slots, rule).total()
    return list(tally.counts), tally.talk_us


def _named(counts: list[int]) -> dict[str, int]:
    return {name: count for name, count in zip(COUNT_NAMES, counts, strict=True) if count}
