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
}
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
        if latest is None or _latest_order(statement) > _latest_order(latest):
            self.latest = statement

    def _slot(self, tally: Tally, row: int, at_us: int) -> None:
        tally.slots[row * self._slots + min((at_us - self._hour_us) // SLOT_US, self._slots - 1)] += 1

    def add_call(self, call: CallStatement | None, conversation: ConversationStatement | None) -> None:
        """Counts one call that stands: by its call fact, its conversation fact, or both (neither of them void)."""
        ground = call or conversation
        assert ground is not None
        tally = self.tally(ground.part)
        counts = tally.counts
        if call is not None and call.inbound:
            counts[_INBOUND] += 1
            return
        counts[_CALLS] += 1
        self._slot(tally, _CALL_SLOTS, ground.at_us)
        outcome = conversation.outcome if conversation is not None else None
        concluded = outcome is not None and outcome != "unclassified"
        talk_us = conversation.talk_us if conversation is not None else None
        if talk_us is None and call is not None:
            talk_us = call.talk_us
        answered_by = call.answered_by if call is not None else None
        if call is not None:
            self._count_answer(counts, call, conversation is not None, concluded, talk_us)
        else:
            counts[_ANSWERED] += 1
            counts[_HUMAN] += 1
        if self._rule.holds(concluded, answered_by, talk_us):
            counts[_CONVERSATIONS] += 1
            self._slot(tally, _CONVERSATION_SLOTS, ground.at_us)
            self._count_conclusion(counts, outcome, conversation)
            if talk_us is not None:
                counts[_TIMED] += 1
                tally.talk_us += talk_us

    def _count_answer(
        self, counts: list[int], call: CallStatement, conversed: bool, concluded: bool, talk_us: int | None
    ) -> None:
        by = call.answered_by
        if call.abandoned:
            counts[_ABANDONED] += 1
        if conversed or call.answered or by in {"human", "machine"} or talk_us or call.abandoned:
            counts[_ANSWERED] += 1
            if concluded or by != "machine":
                counts[_HUMAN] += 1

    def _count_conclusion(
        self, counts: list[int], outcome: str | None, conversation: ConversationStatement | None
    ) -> None:
        counts[_BY_OUTCOME.get(outcome or "", _AT["unclassified"])] += 1
        if outcome == "warm_lead" and conversation is not None and conversation.warm_horizon is not None:
            counts[_BY_HORIZON[conversation.warm_horizon]] += 1

    def add_concluded_appointment(self, ground: CallStatement | ConversationStatement) -> None:
        """Counts an appointment that is known by a call's conclusion alone."""
        tally = self.tally(ground.part)
        tally.counts[_APPOINTMENTS] += 1
        tally.counts[_PENDING] += 1
        self._slot(tally, _APPOINTMENT_SLOTS, ground.at_us)

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


def extend(folded: Fold, page: Page, statement: AnyStatement) -> bool:
    """Counts a statement that is new on the page (replaced none) into the page's fold; False: fold anew instead.

    Takes only what cannot touch what was counted before: most of all the plain call, so that a page of fifty thousand
    attempts is not folded again for each. The law: the result equals a fold anew.
    """
    if statement.voided:
        if type(statement) is not PresenceStatement and _is_named(page, statement):
            return False
    elif type(statement) is CallStatement:
        if page.standing(CONVERSATION, statement.id) is not None or _is_named(page, statement):
            return False
        folded.add_call(statement, None)
    elif type(statement) is SaleStatement:
        folded.add_sale(statement)
    elif type(statement) is AppointmentStatement and statement.call_id is None:
        folded.add_appointment(statement, statement.at_us)
    elif type(statement) is not PresenceStatement:
        return False
    folded.see(statement)
    return True


def _is_named(page: Page, statement: AnyStatement) -> bool:
    """Whether a new statement bears on others: an appointment of this call, or a void that names a call."""
    if type(statement) is AppointmentStatement:
        return statement.call_id is not None
    if type(statement) is not CallStatement:
        return False
    appointments = cast("dict[str, AppointmentStatement]", page.kinds[APPOINTMENT] or {})
    return any(appointment.call_id == statement.id for appointment in appointments.values())
