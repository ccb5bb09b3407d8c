"""From checked values to statements: the rules that tie several fields together, and the hour of a fact."""

from processors.hours import Clock, Clocks
from processors.owners import owner_of
from processors.statements import (
    ABANDONED,
    ANSWERED,
    INBOUND,
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
from schemas.facts import AnsweredBy, AppointmentStatus, Outcome, PresenceState, Quality, WarmHorizon
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


class Place:
    """Where a fact belongs: its owner, its part, and the clock of its site. Shared by all facts of one place."""

    __slots__ = ("clock", "owner", "part")

    def __init__(self, operator_id: str | None, part: Part, clock: Clock) -> None:
        self.owner = owner_of(operator_id, part[2] or "")
        self.part = part
        self.clock = clock


class Frame:
    """What all facts have, checked: where it belongs, which version, when it was stated and recorded (microseconds).

    The reader fills one frame anew for every fact, since making one costs as much as reading a time.
    """

    __slots__ = ("place", "record_us", "stated_us", "version", "voided")

    def __init__(self, place: Place, version: int, voided: bool, stated_us: int, record_us: int) -> None:
        self.place = place
        self.version = version
        self.voided = voided
        self.stated_us = stated_us
        self.record_us = record_us


def _clamped(us: int, earliest_us: int, field: str, earlier: str) -> int:
    """The earliest instant that a time before it may be; refused where it is earlier than two clocks explain."""
    if earliest_us - us > CLOCK_SLACK_US:
        raise Refusal(Reason.TIMES_OUT_OF_ORDER, f"{field}: lies more than 5 s before {earlier}")
    return earliest_us


def _untimely(frame: Frame, at_us: int, field: str, late_us: int) -> Refusal:
    """Why a fact in the future, or one stated too late, is refused."""
    if frame.stated_us > frame.record_us + DAY_US:
        return Refusal(Reason.IN_THE_FUTURE, "stated_at: is more than a day after the record's arrival")
    if at_us > frame.stated_us + DAY_US:
        return Refusal(Reason.IN_THE_FUTURE, f"{field}: is more than a day after stated_at")
    allowed = "72 h" if late_us == LATE_US else "180 days"
    return Refusal(Reason.TOO_LATE, f"{field}: its hour had ended more than {allowed} before stated_at")


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

    def place(self, operator_id: str | None, part: Part) -> Place:
        """Where the facts of an operator (None: of a campaign alone) and a part belong."""
        return Place(operator_id, part, self._clocks.of(part[0]))

    def _hour(self, frame: Frame, at_us: int, field: str, late_us: int) -> int:
        """The start of the fact's hour, once it is neither in the future nor too late for its statement."""
        stated_us = frame.stated_us
        hour = frame.place.clock.hour(at_us)
        if stated_us > frame.record_us + DAY_US or at_us > stated_us + DAY_US or hour.end_us + late_us < stated_us:
            raise _untimely(frame, at_us, field, late_us)
        return hour.start_us

    def call(
        self,
        frame: Frame,
        call_id: str,
        started_us: int,
        answered_us: int | None,
        ended_us: int | None,
        answered_by: AnsweredBy | None,
        talk_us: int | None,
        abandoned: bool,
        inbound: bool,
        rest: tuple[str | None, int | None, str | None, str | None],
    ) -> AnyStatement:
        """``rest``: lead_id, attempt, prospect_time_zone, script_id."""
        latest, answered_after = started_us, None
        if answered_us is not None:
            if answered_us < started_us:
                answered_us = _clamped(answered_us, started_us, "answered_at", "started_at")
            latest, answered_after = answered_us, answered_us - started_us
        ended_after = None
        self.ended_us = latest + (talk_us or 0)
        if ended_us is not None:
            if ended_us < latest:
                ended_us = _clamped(
                    ended_us, latest, "ended_at", "started_at" if answered_us is None else "answered_at"
                )
            self.ended_us, ended_after = ended_us, ended_us - started_us
        place = frame.place
        return CallStatement(
            place.owner,
            self._hour(frame, started_us, "started_at", LATE_US),
            call_id,
            frame.version,
            frame.voided,
            place.part,
            started_us,
            ANSWERED * (answered_us is not None) + ABANDONED * abandoned + INBOUND * inbound,
            answered_by,
            talk_us,
            pack_rest((answered_after, ended_after, *rest)),
        )

    def conversation(
        self,
        frame: Frame,
        call_id: str,
        started_us: int,
        outcome: Outcome | None,
        warm_horizon: WarmHorizon | None,
        talk_us: int | None,
        rest: tuple[int | None, str | None, str | None, str | None],
    ) -> AnyStatement:
        """``rest``: callback_us, lead_id, source_code, script_id."""
        if warm_horizon is not None and outcome != "warm_lead":
            raise Refusal(Reason.HORIZON_WITHOUT_WARM_LEAD, "warm_horizon: goes with the outcome warm_lead only")
        hour_us = self._hour(frame, started_us, "call_started_at", LATE_US)
        self.ended_us = started_us + (talk_us or 0)
        common = (frame.place.owner, hour_us, call_id, frame.version, frame.voided, frame.place.part, started_us)
        return ConversationStatement(*common, outcome, warm_horizon, talk_us, pack_rest(rest))

    def appointment(
        self,
        frame: Frame,
        appointment_id: str,
        booked_us: int | None,
        call_id: str | None,
        call_started_us: int | None,
        status: AppointmentStatus,
        quality: Quality | None,
        rest: tuple[str | None, str | None, int | None, str | None],
    ) -> AnyStatement:
        """``rest``: lead_id, seller_id, scheduled_us, script_id. One of booked_us, call_started_us is there."""
        _both_or_none(call_id, call_started_us, "call_id", "call_started_at")
        at_us, hour_us = self._booking(frame, booked_us, call_started_us)
        self.ended_us = at_us if booked_us is None else booked_us
        common = (frame.place.owner, hour_us, appointment_id, frame.version, frame.voided, frame.place.part, at_us)
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
        common = (frame.place.owner, hour_us, sale_id, frame.version, frame.voided, frame.place.part, at_us)
        packed = pack_rest((appointment_id, booked_us, call_id, *rest))
        return SaleStatement(*common, amount, currency, packed)

    def _booking(self, frame: Frame, booked_us: int | None, call_started_us: int | None) -> tuple[int, int]:
        """The hour-deciding instant of an appointment and the start of its hour."""
        if call_started_us is not None:
            return call_started_us, self._hour(frame, call_started_us, "call_started_at", LATE_SALES_US)
        assert booked_us is not None
        return booked_us, self._hour(frame, booked_us, "booked_at", LATE_SALES_US)

    def presence(
        self, frame: Frame, since_us: int, state: PresenceState | None, rest: tuple[str | None, str | None]
    ) -> AnyStatement:
        """``rest``: reason, script_id. The identity is the instant, however its text was written."""
        hour_us = self._hour(frame, since_us, "since", LATE_US)
        self.ended_us = since_us
        common = (
            frame.place.owner,
            hour_us,
            format_time(since_us),
            frame.version,
            frame.voided,
            frame.place.part,
            since_us,
        )
        return PresenceStatement(*common, state, pack_rest(rest))
