"""The five facts in their wire form, as a source states them: one JSON object per Kafka record.

The types here say what a value may be made of, and no more: ``msgspec.json.Decoder(Call)`` runs once per record in
the hot path, so ranges, formats and rules between fields are judged in ``processors`` and, for other people's
programs, written into the generated JSON Schemas (see ``forms`` and ``wording``). Unknown fields are ignored, and
``null`` is the same as absent.

Units: times are RFC 3339 text with an offset or ``Z``; durations are seconds; money is decimal text.
"""

from typing import Literal

import msgspec

from schemas.forms import Amount, Attempt, Currency, Id, OperatorId, Seconds, Time, VersionNumber, ZoneName

AnsweredBy = Literal["human", "machine", "unknown"]
Direction = Literal["outbound", "inbound"]
Outcome = Literal["refused", "warm_lead", "callback", "appointment", "unclassified"]
WarmHorizon = Literal["short", "medium", "long"]
AppointmentStatus = Literal["booked", "confirmed", "rescheduled", "honoured", "no_show", "cancelled"]
Quality = Literal["sound", "forced", "irrelevant"]
PresenceState = Literal["available", "on_call", "wrap_up", "paused", "offline"]


class Fact(msgspec.Struct, gc=False, kw_only=True):
    """What every fact carries beside its own words.

    ``version`` (0 when absent) orders the statements about one identity, ``voided`` (false when absent) withdraws
    it, and ``stated_at`` (the record's timestamp when absent) is when the source said so: no part of the content.
    """

    team_id: Id | None = None
    site_id: Id | None = None
    script_id: Id | None = None
    version: VersionNumber | None = None
    voided: bool | None = None
    stated_at: Time | None = None


class Call(Fact, gc=False, kw_only=True):
    """A call attempt has ended. Identity ``call_id``; its hour is that of ``started_at``; kept 14 days.

    ``operator_id`` is absent for an attempt that never had an operator: its owner is then ``@`` + ``campaign_id``.
    ``talk_seconds`` is the time that operator and prospect were both on the line, in seconds; ``attempt`` counts
    from 1; ``direction`` is ``outbound`` when absent, ``abandoned`` false.
    """

    call_id: Id
    started_at: Time
    campaign_id: Id
    operator_id: OperatorId | None = None
    answered_at: Time | None = None
    ended_at: Time | None = None
    answered_by: AnsweredBy | None = None
    talk_seconds: Seconds | None = None
    lead_id: Id | None = None
    attempt: Attempt | None = None
    direction: Direction | None = None
    prospect_time_zone: ZoneName | None = None
    abandoned: bool | None = None


class Conversation(Fact, gc=False, kw_only=True):
    """How the conversation of a call concluded. Identity ``call_id``; hour of ``call_started_at``; kept 14 days.

    ``outcome`` may be absent in a void only. ``talk_seconds`` (seconds) outranks that of the call fact;
    ``warm_horizon`` goes with the outcome ``warm_lead`` only.
    """

    call_id: Id
    call_started_at: Time
    operator_id: OperatorId
    campaign_id: Id
    outcome: Outcome | None = None
    warm_horizon: WarmHorizon | None = None
    talk_seconds: Seconds | None = None
    callback_at: Time | None = None
    lead_id: Id | None = None
    source_code: str | None = None


class Appointment(Fact, gc=False, kw_only=True):
    """An appointment, at its present state. Identity ``appointment_id``; kept 400 days.

    Its hour is that of ``call_started_at`` where it came of a call (then ``call_id`` is there too), else that of
    ``booked_at``, which may be absent only in a void that has ``call_started_at``. ``operator_id`` is who booked it;
    ``status`` is ``booked`` when absent.
    """

    appointment_id: Id
    operator_id: OperatorId
    campaign_id: Id
    booked_at: Time | None = None
    call_id: Id | None = None
    call_started_at: Time | None = None
    lead_id: Id | None = None
    seller_id: Id | None = None
    scheduled_for: Time | None = None
    status: AppointmentStatus | None = None
    quality: Quality | None = None


class Sale(Fact, gc=False, kw_only=True):
    """A sale that came of an appointment. Identity ``sale_id``; its hour is the appointment's; kept 400 days.

    ``booked_at`` and ``operator_id`` are the appointment's; like ``appointment_id``, ``booked_at`` may be absent in a
    void only, and there only beside ``call_started_at``. ``amount`` is decimal text without exponent or sign, always
    with its ``currency`` (ISO 4217).
    """

    sale_id: Id
    operator_id: OperatorId
    campaign_id: Id
    appointment_id: Id | None = None
    booked_at: Time | None = None
    call_id: Id | None = None
    call_started_at: Time | None = None
    seller_id: Id | None = None
    closed_at: Time | None = None
    amount: Amount | None = None
    currency: Currency | None = None


class Presence(Fact, gc=False, kw_only=True):
    """An operator's state from ``since`` on. Identity ``since``; its hour is that of ``since``; kept 14 days.

    ``state`` may be absent in a void only. Two states at one instant: the later one carries the higher version.
    """

    operator_id: OperatorId
    since: Time
    campaign_id: Id | None = None
    state: PresenceState | None = None
    reason: str | None = None


AnyFact = Call | Conversation | Appointment | Sale | Presence

FACT_TYPES: dict[str, type[AnyFact]] = {
    "dialer.calls.v1": Call,
    "dialer.conversations.v1": Conversation,
    "dialer.appointments.v1": Appointment,
    "dialer.sales.v1": Sale,
    "dialer.presence.v1": Presence,
}
"""The struct of each fact topic, in the order of the contract (which also breaks ties between facts)."""
