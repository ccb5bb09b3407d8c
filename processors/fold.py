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
    ABANDONED,
    ANSWERED,
    INBOUND,
    KIND_OF,
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    Part,
    SaleStatement,
)
from processors.tally import Tally, total
from schemas.kpis import COUNT_NAMES

CALL, CONVERSATION, APPOINTMENT, SALE, PRESENCE = range(5)
_SLOT_US = SLOT_US
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

Appointments = dict[str, AppointmentStatement]
"""Appointments by their ids."""


def latest_order(statement: AnyStatement) -> tuple[bool, int, int, str]:
    """Facts that are not void come after void ones; then by hour-deciding time, kind and identity."""
    return not statement.voided, statement.at_us, KIND_OF[type(statement)], statement.id


class Fold:
    """The numbers of a page, by part.

    ``latest`` is the statement that names the record's team and site; ``named`` has by call the appointments (void ones
    too) that name it.
    """

    __slots__ = ("_hour_us", "_rule", "_slots", "latest", "named", "parts")

    def __init__(self, hour_us: int, slots: int, rule: ConversationRule) -> None:
        self._hour_us = hour_us
        self._slots = slots
        self._rule = rule
        self.parts: dict[Part, Tally] = {}
        self.latest: AnyStatement | None = None
        self.named: dict[str, Appointments] = {}

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
        elif statement.voided == latest.voided and statement.at_us != latest.at_us:  # as nearly always
            if statement.at_us > latest.at_us:
                self.latest = statement
        elif latest_order(statement) > latest_order(latest):
            self.latest = statement

    def _slot(self, tally: Tally, row: int, at_us: int, sign: int = 1) -> None:
        tally.slots[row * self._slots + min((at_us - self._hour_us) // _SLOT_US, self._slots - 1)] += sign

    def name(self, appointment: AppointmentStatement) -> None:
        """An appointment names its call, whose conclusion then counts none of its own."""
        if appointment.call_id is not None:
            self.named.setdefault(appointment.call_id, {})[appointment.id] = appointment

    def unname(self, appointment: AppointmentStatement) -> None:
        """An appointment no longer stands as it did."""
        if appointment.call_id is not None:
            naming = self.named[appointment.call_id]
            del naming[appointment.id]
            if not naming:
                del self.named[appointment.call_id]

    def add(
        self, call_id: str, call: CallStatement | None, conversation: ConversationStatement | None, sign: int = 1
    ) -> None:
        """Counts everything about one call: its call fact, its conversation fact, and the appointments that name it.

        ``sign`` -1 takes out what was counted with the same.
        """
        if call is not None and call.voided:
            call = None
        if conversation is not None and conversation.voided:
            conversation = None
        ground = call or conversation
        naming = self.named.get(call_id) if self.named else None
        if ground is not None:
            self._add_call(ground, call, conversation, sign)
            if naming is None and conversation is not None and conversation.outcome == "appointment":
                self._add_concluded_appointment(ground, sign)
        for appointment in naming.values() if naming else ():
            self.add_appointment(appointment, appointment.at_us if ground is None else ground.at_us, sign)

    def _add_call(
        self,
        ground: CallStatement | ConversationStatement,
        call: CallStatement | None,
        conversation: ConversationStatement | None,
        sign: int,
    ) -> None:
        """One call that stands: by its call fact, its conversation fact, or both."""
        tally = self.tally(ground.part)
        counts = tally.counts
        if call is not None and call.flags & INBOUND:
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
            if call.flags & ABANDONED:
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

    def _add_concluded_appointment(self, ground: CallStatement | ConversationStatement, sign: int) -> None:
        """An appointment that is known by a call's conclusion alone."""
        tally = self.tally(ground.part)
        tally.counts[_APPOINTMENTS] += sign
        tally.counts[_PENDING] += sign
        self._slot(tally, _APPOINTMENT_SLOTS, ground.at_us, sign)

    def add_appointment(self, appointment: AppointmentStatement, at_us: int, sign: int = 1) -> None:
        """Counts an appointment, if it is not void; ``at_us``: the start of its call, else its booking."""
        if appointment.voided:
            return
        tally = self.tally(appointment.part)
        counts = tally.counts
        counts[_APPOINTMENTS] += sign
        counts[_BY_STATUS.get(appointment.status, _PENDING)] += sign
        self._slot(tally, _APPOINTMENT_SLOTS, at_us, sign)
        if appointment.quality is not None:
            counts[_JUDGED] += sign
            if appointment.quality in _BY_QUALITY:
                counts[_BY_QUALITY[appointment.quality]] += sign

    def add_sale(self, sale: SaleStatement, sign: int = 1) -> None:
        """Counts a sale, if it is not void."""
        if sale.voided:
            return
        tally = self.tally(sale.part)
        tally.counts[_SALES] += sign
        if sale.amount is not None and sale.currency is not None:
            tally.add_amount(sale.currency, Decimal(sale.amount), sign)


def _is_answered(call: CallStatement, conversation: ConversationStatement | None, talk_us: int | None) -> bool:
    if conversation is not None or talk_us or call.flags & (ANSWERED | ABANDONED):
        return True
    return call.answered_by == "human" or call.answered_by == "machine"  # noqa: PLR1714 - compiled, a set costs more


def fold(page: Page, slots: int, rule: ConversationRule) -> Fold:
    """The numbers of a page under a conversation rule; ``slots`` is how many five minutes its hour has."""
    folded = Fold(page.hour_us, slots, rule)
    for statement in page.statements():
        folded.see(statement)
    calls = cast(Mapping[str, CallStatement], page.kinds[CALL] or {})
    conversations = cast(Mapping[str, ConversationStatement], page.kinds[CONVERSATION] or {})
    appointments = cast(Appointments, page.kinds[APPOINTMENT] or {}).values()
    for appointment in appointments:
        folded.name(appointment)
    for call_id, call in calls.items():
        folded.add(call_id, call, conversations.get(call_id))
    for call_id, conversation in conversations.items():
        if call_id not in calls:
            folded.add(call_id, None, conversation)
    for call_id in folded.named:
        if call_id not in calls and call_id not in conversations:
            folded.add(call_id, None, None)
    for appointment in appointments:
        if appointment.call_id is None:
            folded.add_appointment(appointment, appointment.at_us)
    for sale in cast(Mapping[str, SaleStatement], page.kinds[SALE] or {}).values():
        folded.add_sale(sale)
    return folded
