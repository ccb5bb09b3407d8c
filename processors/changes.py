"""What of a page changed since it was folded, and its fold made good by that alone.

So a page of a hundred thousand attempts is not folded again for each. The law: the result equals a fold anew.
"""

from collections.abc import Mapping
from typing import cast

from processors.fold import APPOINTMENT, CALL, CONVERSATION, Fold, latest_order
from processors.page import Page
from processors.statements import (
    KIND_OF,
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    Part,
    SaleStatement,
)

CallFacts = tuple[CallStatement | None, ConversationStatement | None]
"""What stands about one call: its call fact and its conversation fact."""


def _facts_of(page: Page, call_id: str) -> CallFacts:
    calls, conversations = page.kinds[CALL], page.kinds[CONVERSATION]
    call = calls.get(call_id) if calls else None
    return cast(CallFacts, (call, conversations.get(call_id) if conversations else None))


class Changes:
    """What stood, when a page was folded, where another statement may stand now: by call, and by kind and identity."""

    __slots__ = ("_calls", "_others")

    def __init__(self) -> None:
        self._calls: dict[str, CallFacts] = {}
        self._others: dict[tuple[int, str], AnyStatement | None] = {}

    def note(self, page: Page, statement: AnyStatement) -> None:
        """A statement is about to be offered to the page."""
        kind, identity = type(statement), statement.id
        if kind is CallStatement or kind is ConversationStatement:
            if identity not in self._calls:
                self._calls[identity] = _facts_of(page, identity)
        else:
            place = KIND_OF[kind]
            if (place, identity) not in self._others:
                self._others[place, identity] = page.standing(place, identity)

    def settle(self, folded: Fold, page: Page) -> None:
        """Makes the page's fold good: takes out what stood, and counts what stands."""
        emptied: list[Part] = []
        done = self._settle_others(folded, page, emptied) if self._others else ()
        add, named = folded.add, folded.named
        calls = cast(Mapping[str, CallStatement], page.kinds[CALL] or {})
        conversations = cast(Mapping[str, ConversationStatement], page.kinds[CONVERSATION] or {})
        for call_id, (old_call, old_conversation) in self._calls.items():
            if call_id not in done and (old_call is not None or old_conversation is not None or call_id in named):
                self._take_out(folded, call_id, emptied)
            call, conversation = calls.get(call_id), conversations.get(call_id)
            add(call_id, call, conversation)
            if call is not None:
                _see(folded, page, old_call, call)
            if conversation is not None:
                _see(folded, page, old_conversation, conversation)
        for part in emptied:
            if part in folded.parts and folded.parts[part].is_zero:
                del folded.parts[part]  # as if it had never been counted

    def _settle_others(self, folded: Fold, page: Page, emptied: list[Part]) -> set[str]:
        """Sales, and appointments by themselves; gives the calls that changed appointments name, or named.

        Those are taken out here, by the appointments that named them, and count among the changed ones from here on.
        """
        others = [(kind, old, page.standing(kind, identity)) for (kind, identity), old in self._others.items()]
        named = set[str]()
        for _, old, new in others:
            for statement, sign in ((old, -1), (new, 1)):
                if isinstance(statement, SaleStatement):
                    folded.add_sale(statement, sign)
                elif isinstance(statement, AppointmentStatement):
                    if statement.call_id is None:
                        folded.add_appointment(statement, statement.at_us, sign)
                    else:
                        named.add(statement.call_id)
            if old is not None:
                emptied.append(old.part)
        for call_id in named:
            if call_id not in self._calls:
                self._calls[call_id] = _facts_of(page, call_id)
            self._take_out(folded, call_id, emptied)
        for kind, old, new in others:
            if kind == APPOINTMENT:
                if old is not None:
                    folded.unname(cast(AppointmentStatement, old))
                folded.name(cast(AppointmentStatement, new))
            if new is not None:
                _see(folded, page, old, new)
        return named

    def _take_out(self, folded: Fold, call_id: str, emptied: list[Part]) -> None:
        facts = self._calls[call_id]
        folded.add(call_id, *facts, -1)
        emptied += [fact.part for fact in facts if fact is not None]
        emptied += [appointment.part for appointment in folded.named.get(call_id, {}).values()]


def _see(folded: Fold, page: Page, old: AnyStatement | None, new: AnyStatement) -> None:
    """Looks at a statement for the latest one; where it took the latest one's place, that is looked for anew."""
    if old is None or old is not folded.latest:
        folded.see(new)
    elif latest_order(new) >= latest_order(old):
        folded.latest = new
    else:
        folded.latest = max(page.statements(), key=latest_order)
