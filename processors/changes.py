"""A statement accepted into a page, and the page's fold made good by what that changes.

So a page of a hundred thousand attempts is not folded again for each. The law: the result equals a fold anew.
"""

from typing import Any

from processors.fold import APPOINTMENT, CALL, CONVERSATION, SALE, Fold, latest_order
from processors.page import REPLACED, Acceptance, Page
from processors.statements import (
    KIND_OF,
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    Part,
    SaleStatement,
)


def take(page: Page, folded: Fold, statement: AnyStatement) -> Acceptance:
    """Offers a statement to a page whose fold this is: what stood is taken out of it, and what stands is counted."""
    kind, identity = KIND_OF[type(statement)], statement.id
    old: Any = page.standing(kind, identity)
    acceptance = page.accept(statement)
    if acceptance > REPLACED:
        return acceptance
    if kind == CALL:
        conversation: Any = page.standing(CONVERSATION, identity)
        if old is None and conversation is None and identity not in folded.named:
            first: Any = statement
            folded.add(identity, first, None)  # as nearly always: nothing of this call was counted before
        else:
            _count_call(folded, identity, old, conversation, statement, conversation)
    elif kind == CONVERSATION:
        call: Any = page.standing(CALL, identity)
        _count_call(folded, identity, call, old, call, statement)
    elif kind == APPOINTMENT:
        _count_appointment(page, folded, old, statement)
    elif kind == SALE:
        _count_sale(folded, old, statement)
    _see(page, folded, old, statement)
    return acceptance


def _count_call(
    folded: Fold,
    identity: str,
    old_call: CallStatement | None,
    old_conversation: ConversationStatement | None,
    call: Any,
    conversation: Any,
) -> None:
    folded.add(identity, old_call, old_conversation, -1)
    folded.add(identity, call, conversation)
    _drop_emptied(folded, identity, old_call, old_conversation)


def _count_appointment(page: Page, folded: Fold, old: AppointmentStatement | None, new: Any) -> None:
    """Also counts anew the calls that it names, or named: their conclusions count none of their own beside it."""
    named = {call_id for call_id in (None if old is None else old.call_id, new.call_id) if call_id is not None}
    for call_id in named:
        _add_call(page, folded, call_id, -1)
    if old is not None:
        if old.call_id is None:
            folded.add_appointment(old, old.at_us, -1)
        folded.unname(old)
    folded.name(new)
    for call_id in named:
        _add_call(page, folded, call_id, 1)
    if new.call_id is None:
        folded.add_appointment(new, new.at_us)
    if old is not None:
        _drop_if_empty(folded, old.part)


def _count_sale(folded: Fold, old: SaleStatement | None, new: Any) -> None:
    if old is not None:
        folded.add_sale(old, -1)
    folded.add_sale(new)
    if old is not None:
        _drop_if_empty(folded, old.part)


def _add_call(page: Page, folded: Fold, call_id: str, sign: int) -> None:
    """Counts what stands about a call; what was taken out and is not there any more leaves no part behind."""
    call: Any = page.standing(CALL, call_id)
    conversation: Any = page.standing(CONVERSATION, call_id)
    folded.add(call_id, call, conversation, sign)
    if sign > 0:
        _drop_emptied(folded, call_id, call, conversation)


def _drop_emptied(
    folded: Fold, call_id: str, call: CallStatement | None, conversation: ConversationStatement | None
) -> None:
    """Parts in which something of this call was counted, and nothing is left."""
    for fact in (call, conversation, *folded.named.get(call_id, {}).values()):
        if fact is not None:
            _drop_if_empty(folded, fact.part)


def _drop_if_empty(folded: Fold, part: Part) -> None:
    tally = folded.parts.get(part)
    if tally is not None and tally.is_zero:
        del folded.parts[part]  # as if it had never been counted


def _see(page: Page, folded: Fold, old: AnyStatement | None, new: AnyStatement) -> None:
    """Looks at a statement for the latest one; where it took the latest one's place, that is looked for anew."""
    if old is None or old is not folded.latest:
        folded.see(new)
    elif latest_order(new) >= latest_order(old):
        folded.latest = new
    else:
        folded.latest = max(page.statements(), key=latest_order)
