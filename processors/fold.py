"""The fold: from a page's statements to its numbers. Pure, and the only place where it is said what counts.

Every number is a sum over calls, appointments and sales that are looked at one by one, so no order matters.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from processors.hours import SLOT_US
from processors.page import Page
from processors.rules import ConversationRule
from processors.statements import (
    KIND_OF,
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    Part,
    PresenceStatement,
    SaleStatement,
)
from processors.tally import Tally, total
from schemas.kpis import COUNT_NAMES

CALL, CONVERSATION, APPOINTMENT, SALE, PRESENCE = range(5)
_AT = {name: place for place, name in enumerate(COUNT_NAMES)}
_CALLS, _INBOUND, _ANSWERED, _HUMAN = (_AT[n] for n in ("calls", "inbound", "answered", "human_answered"))
_ABANDONED, _CONVERSATIONS, _TIMED = (_AT[n] for n in ("abandoned", "conversations", "timed"))
_APPOINTMENTS, _PENDING, _SALES = (_AT[n] for n in ("appointments", "pending", "sales"))
_JUDGED = _AT["judged"]
_BY_OUTCOME = {
    "refused": _AT["refused"],
    "warm_lead": _AT["warm_leads"],
    "callback": _AT["callbacks"],
    "appointment": _AT["concluded_appointments"],
    "unclassified": _AT["unclassified"],
}
_UNCLASSIFIED = _AT["unclassified"]
_BY_HORIZON = {"short": _AT["warm_short"], "medium": _AT["warm_medium"], "long": _AT["warm_long"]}
_BY_STATUS = {"honoured": _AT["honoured"], "no_show": _AT["no_shows"], "cancelled": _AT["cancelled"]}
_BY_QUALITY = {"forced": _AT["forced"], "irrelevant": _AT["irrelevant"]}
_CALL_SLOTS, _CONVERSATION_SLOTS, _APPOINTMENT_SLOTS = range(3)


def _latest_order(statement: AnyStatement) -> tuple[bool, int, int, str]:
    """Facts that are not void come after void ones; then by hour-deciding time, kind and identity."""
    return not statement.voided, statement.at_us, KIND_OF[type(statement)], statement.id


class Fold:
    """The numbers of a page, by part; ``latest`` is the statement that names the record's team and site."""

    __slots__ = ("_hour_us", "_rule", "_slots", "latest", "parts")

    def __init__(self, hour_us: int, slots: int, rule: ConversationRule) -> None:
        self._hour_us = hour_us
        self._slots = slots
        self._rule = rule
        self.parts: dict[Part, Tally] = {}
        self.latest: AnyStatement | None = None

    def total(self) -> Tally:
        """The sum over all parts."""
        if len(self.parts) == 1:
            return next(iter(self.parts.values()))
        return total(self.parts.values(), self._slots)

    def tally(self, part: Part) -> Tally:
        """The tally of a part, made where there is none yet."""
        tally = self.parts.get(part)
        if tally is None:
            tally = self.parts[part] = Tally(self._slots)
        return tally

    def see(self, statement: AnyStatement) -> None:
        """Remembers the latest statement."""
        latest = self.latest
        if latest is None:
            self.latest = statement
        elif statement.at_us < latest.at_us and statement.voided == latest.voided:
            return  # as most are that come out of order
        elif _latest_order(statement) > _latest_order(latest):
            self.latest = statement

    def _slot(self, tally: Tally, row: int, at_us: int, sign: int = 1) -> None:
        tally.slots[row * self._slots + min((at_us - self._hour_us) // SLOT_US, self._slots - 1)] += sign

    def add_call(self, call: CallStatement | None, conversation: ConversationStatement | None, sign: int = 1) -> None:
        """Counts one call that stands: by its call fact, its conversation fact, or both (neither of them void).

        ``sign`` -1 takes out what was counted with the same two.
        """
        ground = call or conversation
        assert ground is not None
        tally = self.tally(ground.part)
        counts = tally.counts
        if call is not None and call.inbound:
            counts[_INBOUND] += sign
            return
        counts[_CALLS] += sign
        self._slot(tally, _CALL_SLOTS, ground.at_us, sign)
        if conversation is None:
            outcome, concluded, talk_us = None, False, None
        else:
            outcome, talk_us = conversation.outcome, conversation.talk_us
            concluded = outcome is not None and outcome != "unclassified"
        answered_by = None
        if call is None:
            counts[_ANSWERED] += sign
            counts[_HUMAN] += sign
        else:
            answered_by = call.answered_by
            if talk_us is None:
                talk_us = call.talk_us
            if _is_answered(call, conversation, talk_us):
                counts[_ANSWERED] += sign
                if concluded or answered_by != "machine":
                    counts[_HUMAN] += sign
            if call.abandoned:
                counts[_ABANDONED] += sign
        if self._rule.holds(concluded, answered_by, talk_us):
            counts[_CONVERSATIONS] += sign
            self._slot(tally, _CONVERSATION_SLOTS, ground.at_us, sign)
            counts[_UNCLASSIFIED if outcome is None else _BY_OUTCOME[outcome]] += sign
            if outcome == "warm_lead" and conversation is not None and conversation.warm_horizon is not None:
                counts[_BY_HORIZON[conversation.warm_horizon]] += sign
            if talk_us is not None:
                counts[_TIMED] += sign
                tally.talk_us += sign * talk_us

    def add_concluded_appointment(self, ground: CallStatement | ConversationStatement, sign: int = 1) -> None:
        """Counts an appointment that is known by a call's conclusion alone (``sign`` -1 takes it out)."""
        tally = self.tally(ground.part)
        tally.counts[_APPOINTMENTS] += sign
        tally.counts[_PENDING] += sign
        self._slot(tally, _APPOINTMENT_SLOTS, ground.at_us, sign)

    def add_appointment(self, appointment: AppointmentStatement, at_us: int) -> None:
        """Counts an appointment that is not void; ``at_us``: the start of its call, else its booking."""
        tally = self.tally(appointment.part)
        counts = tally.counts
        counts[_APPOINTMENTS] += 1
        counts[_BY_STATUS.get(appointment.status, _PENDING)] += 1
        self._slot(tally, _APPOINTMENT_SLOTS, at_us)
        if appointment.quality is not None:
            counts[_JUDGED] += 1
            if appointment.quality in _BY_QUALITY:
                counts[_BY_QUALITY[appointment.quality]] += 1

    def add_sale(self, sale: SaleStatement) -> None:
        """Counts a sale that is not void."""
        tally = self.tally(sale.part)
        tally.counts[_SALES] += 1
        if sale.amount is not None and sale.currency is not None:
            tally.add_amount(sale.currency, Decimal(sale.amount))


def _is_answered(call: CallStatement, conversation: ConversationStatement | None, talk_us: int | None) -> bool:
    if call.answered or conversation is not None or talk_us or call.abandoned:
        return True
    return call.answered_by in {"human", "machine"}


def _not_void(book: dict[str, AnyStatement] | None) -> Mapping[str, AnyStatement]:
    return {} if not book else {key: statement for key, statement in book.items() if not statement.voided}


def fold(page: Page, slots: int, rule: ConversationRule) -> Fold:
    """The numbers of a page under a conversation rule; ``slots`` is how many five minutes its hour has."""
    folded = Fold(page.hour_us, slots, rule)
    for statement in page.statements():
        folded.see(statement)
    calls = cast(Mapping[str, CallStatement], _not_void(page.kinds[CALL]))
    conversations = cast(Mapping[str, ConversationStatement], _not_void(page.kinds[CONVERSATION]))
    named = {cast(AppointmentStatement, fact).call_id for fact in (page.kinds[APPOINTMENT] or {}).values()}
    for call_id, call in calls.items():
        folded.add_call(call, conversations.get(call_id))
    for call_id, conversation in conversations.items():
        if call_id not in calls:
            folded.add_call(None, conversation)
        if conversation.outcome == "appointment" and call_id not in named:
            folded.add_concluded_appointment(calls.get(call_id) or conversation)
    for appointment in cast(Mapping[str, AppointmentStatement], _not_void(page.kinds[APPOINTMENT])).values():
        ground = calls.get(appointment.call_id or "") or conversations.get(appointment.call_id or "")
        folded.add_appointment(appointment, appointment.at_us if ground is None else ground.at_us)
    for sale in cast(Mapping[str, SaleStatement], _not_void(page.kinds[SALE])).values():
        folded.add_sale(sale)
    return folded


def extend(folded: Fold, statement: AnyStatement) -> bool:
    """Counts a statement that is new on the page and no part of a call into the page's fold; False: fold anew.

    Takes only what cannot touch what was counted before. The law: the result equals a fold anew.
    """
    if type(statement) is AppointmentStatement:
        if statement.call_id is not None:
            return False
        if not statement.voided:
            folded.add_appointment(statement, statement.at_us)
    elif type(statement) is SaleStatement:
        if not statement.voided:
            folded.add_sale(statement)
    elif type(statement) is not PresenceStatement:
        return False
    folded.see(statement)
    return True


CallFacts = tuple[CallStatement | None, ConversationStatement | None]
"""What stands about one call: its call fact and its conversation fact."""


def facts_of(page: Page, call_id: str) -> CallFacts:
    """What stands on a page about one call."""
    calls, conversations = page.kinds[CALL], page.kinds[CONVERSATION]
    call = calls.get(call_id) if calls else None
    return cast(CallFacts, (call, conversations.get(call_id) if conversations else None))


def exchange(folded: Fold, page: Page, before: Mapping[str, CallFacts]) -> bool:
    """Takes calls as they stood out of the page's fold, and counts them as they stand; False: fold anew instead.

    ``before``: by the call's id, what stood about it when the fold was made. So a page of fifty thousand attempts is
    not folded again for each. The law: the result equals a fold anew.
    """
    appointments = cast("dict[str, AppointmentStatement]", page.kinds[APPOINTMENT] or {})
    named = {appointment.call_id for appointment in appointments.values()}
    calls, conversations = page.kinds[CALL] or {}, page.kinds[CONVERSATION] or {}
    for call_id, (old_call, old_conversation) in before.items():
        if call_id in named:
            return False
        call, conversation = calls.get(call_id), conversations.get(call_id)
        latest = folded.latest
        if latest is not None and (
            (latest is old_call and latest is not call) or (latest is old_conversation and latest is not conversation)
        ):
            return False
        if old_call is not None or old_conversation is not None:
            _count_call(folded, old_call, old_conversation, -1)
        _count_call(folded, cast("CallStatement | None", call), cast("ConversationStatement | None", conversation), 1)
        for statement in (call, conversation):
            if statement is not None:
                folded.see(statement)
    return True


def _count_call(
    folded: Fold, call: CallStatement | None, conversation: ConversationStatement | None, sign: int
) -> None:
    if call is not None and call.voided:
        call = None
    if conversation is not None and conversation.voided:
        conversation = None
    ground = call or conversation
    if ground is None:
        return
    folded.add_call(call, conversation, sign)
    if conversation is not None and conversation.outcome == "appointment":
        folded.add_concluded_appointment(ground, sign)
    if sign < 0 and folded.parts[ground.part].is_zero:
        del folded.parts[ground.part]  # as if it had never been counted
