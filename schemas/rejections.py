"""Why a record is not counted: the closed list of reasons, in order of precedence."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason of rejection. Where two apply to one record, the first in this order is given.

    ``sealed`` and ``unknown_appointment`` are reserved: nothing gives them before hours are sealed and facts that
    follow an appointment exist.
    """

    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_VALUE = "bad_value"
    TIME_WITHOUT_OFFSET = "time_without_offset"
    NEGATIVE_DURATION = "negative_duration"
    TIMES_OUT_OF_ORDER = "times_out_of_order"
    HORIZON_WITHOUT_WARM_LEAD = "horizon_without_warm_lead"
    HALF_REFERENCE = "half_reference"
    IN_THE_FUTURE = "in_the_future"
    TOO_LATE = "too_late"
    VERSION_CONFLICT = "version_conflict"
    SEALED = "sealed"
    UNKNOWN_APPOINTMENT = "unknown_appointment"


RESERVED = frozenset({Reason.SEALED, Reason.UNKNOWN_APPOINTMENT})
"""Reasons that no worker gives yet; readers of the rejected topic should know them all the same."""

MEANING: dict[Reason, str] = {
    Reason.TOO_LARGE: "the key is over 1 KiB or the value over 64 KiB",
    Reason.NOT_JSON: "the value is absent, not UTF-8 JSON, not an object, or nested too deep",
    Reason.MISSING_FIELD: "a required field is absent or null",
    Reason.WRONG_TYPE: "a field holds another JSON type than its own",
    Reason.BAD_VALUE: "a field is outside its list, range or form (id, currency, zone, malformed time or money)",
    Reason.TIME_WITHOUT_OFFSET: "a time has neither an offset nor Z",
    Reason.NEGATIVE_DURATION: "a duration is below zero",
    Reason.TIMES_OUT_OF_ORDER: "an answer before the start, or an end before start or answer, by more than 5 s",
    Reason.HORIZON_WITHOUT_WARM_LEAD: "warm_horizon stands beside another outcome than warm_lead",
    Reason.HALF_REFERENCE: "one of call_id and call_started_at, or of amount and currency, stands alone",
    Reason.IN_THE_FUTURE: "the hour-deciding time is over a day after stated_at, or stated_at over a day after arrival",
    Reason.TOO_LATE: "the hour had ended over 72 h (appointments and sales: 180 days) before stated_at",
    Reason.VERSION_CONFLICT: "the standing statement has the same version and other content",
    Reason.SEALED: "reserved: the hour takes no more facts",
    Reason.UNKNOWN_APPOINTMENT: "reserved: no appointment that stands is named",
}
"""One line per reason, for docs, metrics and commands."""

HEADERS = ("reason", "detail", "topic", "partition", "offset")
"""Text headers of a record in ``dialer.rejected.v1``; the last three tell repeats apart."""
