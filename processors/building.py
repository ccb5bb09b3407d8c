"""From checked values to statements: the rules that tie several fields together, and the hour of a fact."""

from processors.hours import Clocks
from processors.owners import owner_of
from processors.statements import (
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    Part,
    PresenceStatement,
    SaleStatement,
    pack_rest,
)
from processors.times import DAY_US, HOUR_US, SECOND_US, format_time
from schemas.rejections import Reason

CLOCK_SLACK_US = 5 * SECOND_US
"""Two clocks of one dialer may disagree by this much: such times are clamped, worse ones refused."""

LATE_US = 72 * HOUR_US
LATE_SALES_US = 180 * DAY_US
"""How long after its hour's end a fact may be stated: calls, conversations and presence; appointments and sales."""


class Refusal(Exception):
    """A record is refused: its reason, and a detail that names the field and what is wrong with it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Frame:
    """What all facts have, checked: who, where, which version, and when it was stated and recorded (microseconds)."""

    __slots__ = ("operator_id", "part", "record_us", "stated_us", "version", "voided")

    def __init__(
        self, operator_id: str | None, part: Part, version: int, voided: bool, stated_us: int, record_us: int
    ) -> None:
        self.operator_id = operator_id
        self.part = part
        self.version = version
        self.voided = voided
        self.stated_us = stated_us
        self.record_us = record_us


def _not_before(us: int | None, earliest_us: int, field: str, earlier: str) -> int | None:
    """The instant, clamped to the earliest that it may be; refused where it is earlier than two clocks explain."""
    if us is None or us >= earliest_us:
        return us
    if earliest_us - us > CLOCK_SLACK_US:
        raise Refusal(Reason.TIMES_OUT_OF_ORDER, f"{field}: lies more than 5 s before {earlier}")
    return earliest_us


def _both_or_none(first: object, second: object, first_name: str, second_name: str) -> None:
    if (first is None) != (second is None):
        there, lacking = (first_name, second_name) if second is None else (second_name, first_name)
        raise Refusal(Reason.HALF_REFERENCE, f"{lacking}: is absent beside {there}; give both or none")


class Builder:
    """Builds statements; knows the clocks of the sites.

    ``ended_us``: when what the last statement built tells of had ended, microseconds (as ``statements.end_us`` would
    find it from the statement, at a price that a hot path need not pay).
    """

    __slots__ = ("_clocks", "ended_us")

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self.ended_us = 0

    def _hour(self, frame: Frame, at_us: int, field: str, late_us: int) -> int:
        """The start of the fact's hour, once it is neither in the future nor too late for its statement."""
        stated_us = frame.stated_us
        if stated_us > frame.record_us + DAY_US:
            raise Refusal(Reason.IN_THE_FUTURE, "stated_at: is more than a day after the record's arrival")
        if at_us > stated_us + DAY_US:
            raise Refusal(Reason.IN_THE_FUTURE, f"{field}: is more than a day after stated_at")
        hour = self._clocks.of(frame.part[0]).hour(at_us)
        if hour.end_us + late_us < stated_us:
            allowed = "72 h" if late_us == LATE_US else "180 days"
            raise Refusal(Reason.TOO_LATE, f"{field}: its hour had ended more than {allowed} before stated_at")
        return hour.start_us

    def call(
        self,
        frame: Frame,
        call_id: str,
        started_us: int,
        answered_us: int | None,
        ended_us: int | None,
        answered_by: str | None,
        talk_us: int | None,
        abandoned: bool,
        inbound: bool,
        rest: tuple[str | None, int | None, str | None, str | None],
    ) -> AnyStatement:
        """``rest``: lead_id, attempt, prospect_time_zone, script_id."""
        answered_us = _not_before(answered_us, started_us, "answered_at", "started_at")
        latest, name = (started_us, "started_at") if answered_us is None else (answered_us, "answered_at")
        ended_us = _not_before(ended_us, latest, "ended_at", name)
        packed = pack_rest(
            (
                None if answered_us is None else answered_us - started_us,
                None if ended_us is None else ended_us - started_us,
                *rest,
            )
        )
        owner = owner_of(frame.operator_id, frame.part[2] or "")
        hour_us = self._hour(frame, started_us, "started_at", LATE_US)
        self.ended_us = latest + (talk_us or 0) if ended_us is None else ended_us
        return CallStatement(
            owner,
            hour_us,
            call_id,
            frame.version,
            frame.voided,
            frame.part,
            started_us,
            answered_us is not None,
            answered_by,
            abandoned,
            inbound,
            talk_us,
            packed,
        )

    def conversation(
        self,
        frame: Frame,
        call_id: str,
        started_us: int,
        outcome: str | None,
        warm_horizon: str | None,
        talk_us: int | None,
        rest: tuple[int | None, str | None, str | None, str | None],
    ) -> AnyStatement:
        """``rest``: callback_us, lead_id, source_code, script_id."""
        if warm_horizon is not None and outcome != "warm_lead":
            raise Refusal(Reason.HORIZON_WITHOUT_WARM_LEAD, "warm_horizon: goes with the outcome warm_lead only")
        hour_us = self._hour(frame, started_us, "call_started_at", LATE_US)
        self.ended_us = started_us + (talk_us or 0)
        owner = frame.operator_id or ""
        common = (owner, hour_us, call_id, frame.version, frame.voided, frame.part, started_us)
        return ConversationStatement(*common, outcome, warm_horizon, talk_us, pack_rest(rest))

    def appointment(
        self,
        frame: Frame,
        appointment_id: str,
        booked_us: int | None,
        call_id: str | None,
        call_started_us: int | None,
        status: str,
        quality: str | None,
        rest: tuple[str | None, str | None, int | None, str | None],
    ) -> AnyStatement:
        """``rest``: lead_id, seller_id, scheduled_us, script_id. One of booked_us, call_started_us is there."""
        _both_or_none(call_id, call_started_us, "call_id", "call_started_at")
        at_us, hour_us = self._booking(frame, booked_us, call_started_us)
        self.ended_us = at_us if booked_us is None else booked_us
        owner = frame.operator_id or ""
        common = (owner, hour_us, appointment_id, frame.version, frame.voided, frame.part, at_us)
        return AppointmentStatement(*common, call_id, status, quality, pack_rest((booked_us, *rest)))

    def sale(
        self,
        frame: Frame,
        sale_id: str,
        appointment_id: str | None,
        booked_us: int | None,
        call_id: str | None,
        call_started_us: int | None,
        amount: str | None,
        currency: str | None,
        rest: tuple[str | None, int | None, str | None],
    ) -> AnyStatement:
        """``rest``: seller_id, closed_us, script_id. One of booked_us, call_started_us is there."""
        _both_or_none(call_id, call_started_us, "call_id", "call_started_at")
        _both_or_none(amount, currency, "amount", "currency")
        at_us, hour_us = self._booking(frame, booked_us, call_started_us)
        closed_us = rest[1]
        self.ended_us = next(us for us in (closed_us, booked_us, at_us) if us is not None)
        owner = frame.operator_id or ""
        common = (owner, hour_us, sale_id, frame.version, frame.voided, frame.part, at_us)
        packed = pack_rest((appointment_id, booked_us, call_id, *rest))
        return SaleStatement(*common, amount, currency, packed)

    def _booking(self, frame: Frame, booked_us: int | None, call_started_us: int | None) -> tuple[int, int]:
        """The hour-deciding instant of an appointment and the start of its hour."""
        if call_started_us is not None:
            return call_started_us, self._hour(frame, call_started_us, "call_started_at", LATE_SALES_US)
        assert booked_us is not None
        return booked_us, self._hour(frame, booked_us, "booked_at", LATE_SALES_US)

    def presence(
        self, frame: Frame, since_us: int, state: str | None, rest: tuple[str | None, str | None]
    ) -> AnyStatement:
        """``rest``: reason, script_id. The identity is the instant, however its text was written."""
        hour_us = self._hour(frame, since_us, "since", LATE_US)
        self.ended_us = since_us
        owner = frame.operator_id or ""
        common = (owner, hour_us, format_time(since_us), frame.version, frame.voided, frame.part, since_us)
        return PresenceStatement(*common, state, pack_rest(rest))
