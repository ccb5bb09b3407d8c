"""The thorough judgement of one record: every field looked at, the reason that comes first in the contract given.

``reading`` takes the quick way for records in which nothing is unusual and comes here with all others, so what is
slow here is slow for dirt and voids only. Both give the same verdict wherever both apply (a law in the tests).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import msgspec

from processors.building import Builder, Frame, Refusal
from processors.fields import (
    GREATEST_ATTEMPT,
    GREATEST_VERSION,
    BadValue,
    check_amount,
    check_currency,
    check_id,
    check_operator,
    check_zone,
)
from processors.statements import AnyStatement
from processors.times import LONGEST_DURATION_SECONDS, NoOffset, NoTime, exact_duration_us, parse_time
from schemas import facts
from schemas.rejections import Reason

Check = Callable[[Any], Any]
Values = dict[str, Any]


class _Problem(Exception):
    """One field is wrong."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what


def _text(check: Callable[[str], Any]) -> Check:
    def checked(value: object) -> Any:
        if not isinstance(value, str):
            raise _Problem(Reason.WRONG_TYPE, f"is to be text, not {_kind(value)}")
        return check(value)

    return checked


def _choice(literal: Any) -> Check:
    allowed = get_args(literal)

    def checked(text: str) -> str:
        if text not in allowed:
            raise BadValue(f"is none of {', '.join(allowed)}")
        return text

    return _text(checked)


def _whole(least: int, greatest: int) -> Check:
    def checked(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _Problem(Reason.WRONG_TYPE, f"is to be an integer, not {_kind(value)}")
        if not least <= value <= greatest:
            raise BadValue(f"is not between {least} and {greatest}")
        return value

    return checked


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Problem(Reason.WRONG_TYPE, f"is to be true or false, not {_kind(value)}")
    return value


def _duration(value: object) -> int:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise _Problem(Reason.WRONG_TYPE, f"is to be a number of seconds, not {_kind(value)}")
    if value < 0:
        raise _Problem(Reason.NEGATIVE_DURATION, "is below zero")
    if value > LONGEST_DURATION_SECONDS:
        raise BadValue(f"is over {LONGEST_DURATION_SECONDS} seconds")
    return exact_duration_us(Decimal(value))


def _kind(value: object) -> str:
    names = {bool: "true or false", str: "text", dict: "an object", list: "a list"}
    return names.get(type(value), "a number")


_ID, _TIME, _WORDS = _text(check_id), _text(parse_time), _text(str)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The fields of a kind of fact: how each is checked, and which must be there (in a void: which even then)."""

    checks: dict[str, Check]
    required: tuple[str, ...]
    required_in_void: tuple[str, ...]


_COMMON: dict[str, Check] = {
    "operator_id": _text(check_operator),
    "campaign_id": _ID,
    "team_id": _ID,
    "site_id": _ID,
    "script_id": _ID,
    "version": _whole(0, GREATEST_VERSION),
    "voided": _flag,
    "stated_at": _TIME,
}
_CALL_REFERENCE: dict[str, Check] = {"call_id": _ID, "call_started_at": _TIME}

_SHAPES: dict[str, _Shape] = {
    "dialer.calls.v1": _Shape(
        _COMMON
        | {
            "call_id": _ID,
            "started_at": _TIME,
            "answered_at": _TIME,
            "ended_at": _TIME,
            "answered_by": _choice(facts.AnsweredBy),
            "talk_seconds": _duration,
            "lead_id": _ID,
            "attempt": _whole(1, GREATEST_ATTEMPT),
            "direction": _choice(facts.Direction),
            "prospect_time_zone": _text(check_zone),
            "abandoned": _flag,
        },
        ("call_id", "started_at", "campaign_id"),
        ("call_id", "started_at", "campaign_id", "version"),
    ),
    "dialer.conversations.v1": _Shape(
        _COMMON
        | _CALL_REFERENCE
        | {
            "outcome": _choice(facts.Outcome),
            "warm_horizon": _choice(facts.WarmHorizon),
            "talk_seconds": _duration,
            "callback_at": _TIME,
            "lead_id": _ID,
            "source_code": _WORDS,
        },
        ("call_id", "call_started_at", "operator_id", "campaign_id", "outcome"),
        ("call_id", "call_started_at", "operator_id", "campaign_id", "version"),
    ),
    "dialer.appointments.v1": _Shape(
        _COMMON
        | _CALL_REFERENCE
        | {
            "appointment_id": _ID,
            "booked_at": _TIME,
            "lead_id": _ID,
            "seller_id": _ID,
            "scheduled_for": _TIME,
            "status": _choice(facts.AppointmentStatus),
            "quality": _choice(facts.Quality),
        },
        ("appointment_id", "booked_at", "operator_id", "campaign_id"),
        ("appointment_id", "operator_id", "campaign_id", "version"),
    ),
    "dialer.sales.v1": _Shape(
        _COMMON
        | _CALL_REFERENCE
        | {
            "sale_id": _ID,
            "appointment_id": _ID,
            "booked_at": _TIME,
            "seller_id": _ID,
            "closed_at": _TIME,
            "amount": _text(check_amount),
            "currency": _text(check_currency),
        },
        ("sale_id", "appointment_id", "booked_at", "operator_id", "campaign_id"),
        ("sale_id", "operator_id", "campaign_id", "version"),
    ),
    "dialer.presence.v1": _Shape(
        _COMMON | {"since": _TIME, "state": _choice(facts.PresenceState), "reason": _WORDS},
        ("operator_id", "since", "state"),
        ("operator_id", "since", "version"),
    ),
}

# Each field stays as raw JSON until it is looked at: what nobody asks for cannot spoil a record, and a duration keeps
# the decimal text that says which way half a microsecond rounds.
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _decimal(text: str) -> Decimal:
    """The number exactly; an exponent beyond decimals gives nothing or infinity, as floats have it."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal(float(text))


_decode_field = msgspec.json.Decoder(float_hook=_decimal).decode
_IMMENSE = 10**30


def _field(text: msgspec.Raw) -> object:
    """One field's value. Its JSON is sound by now, so what fails is an integer of more digits than Python converts."""
    try:
        return _decode_field(text)
    except msgspec.MsgspecError:
        return -_IMMENSE if bytes(text).startswith(b"-") else _IMMENSE


def _object(value: bytes) -> dict[str, msgspec.Raw]:
    try:
        value.decode()
        return _fields(value)
    except UnicodeDecodeError:
        raise Refusal(Reason.NOT_JSON, "the value: is not UTF-8") from None
    except RecursionError:
        raise Refusal(Reason.NOT_JSON, "the value: is nested too deep") from None
    except msgspec.MsgspecError as error:
        what = "is no JSON object" if isinstance(error, msgspec.ValidationError) else "is no JSON"
        raise Refusal(Reason.NOT_JSON, f"the value: {what}") from None


def _checked(shape: _Shape, raw: dict[str, msgspec.Raw]) -> tuple[Values, list[tuple[Reason, str]]]:
    """The good values, and the problems of the others."""
    values: Values = {}
    problems: list[tuple[Reason, str]] = []
    for name, check in shape.checks.items():
        text = raw.get(name)
        if text is None or bytes(text) == b"null":
            continue
        try:
            values[name] = check(_field(text))
        except _Problem as problem:
            problems.append((problem.reason, f"{name}: {problem.what}"))
        except NoOffset as error:
            problems.append((Reason.TIME_WITHOUT_OFFSET, f"{name}: {error}"))
        except (NoTime, BadValue) as error:
            problems.append((Reason.BAD_VALUE, f"{name}: {error}"))
        values.setdefault(name, None)
    return values, problems


_ORDER = {reason: place for place, reason in enumerate(Reason)}


def judge(topic: str, value: bytes, record_us: int, builder: Builder) -> AnyStatement:
    """The statement that a record of a fact topic makes. Raises Refusal with the contract's first reason."""
    raw = _object(value)
    shape = _SHAPES[topic]
    values, problems = _checked(shape, raw)
    voided = values.get("voided") is True
    needed = list(shape.required_in_void if voided else shape.required)
    if voided and topic in _BOOKED and "call_started_at" not in values:
        needed.append("booked_at")
    problems += [(Reason.MISSING_FIELD, f"{name}: is absent") for name in needed if name not in values]
    if values.get("abandoned") and values.get("answered_by") == "machine":
        problems.append((Reason.BAD_VALUE, "abandoned: a call that a machine answered cannot be abandoned"))
    if problems:
        raise Refusal(*min(problems, key=lambda problem: _ORDER[problem[0]]))
    return _BUILD[topic](builder, _frame(values, record_us, builder), values.get)


_BOOKED = frozenset({"dialer.appointments.v1", "dialer.sales.v1"})


def _frame(values: Values, record_us: int, builder: Builder) -> Frame:
    part = (values.get("site_id"), values.get("team_id"), values.get("campaign_id"))
    stated_us = values.get("stated_at")
    return Frame(
        builder.place(values.get("operator_id"), part),
        values.get("version") or 0,
        bool(values.get("voided")),
        record_us if stated_us is None else stated_us,
        record_us,
    )


Get = Callable[[str], Any]


def _call(builder: Builder, frame: Frame, get: Get) -> AnyStatement:
    return builder.call(
        frame,
        get("call_id"),
        get("started_at"),
        get("answered_at"),
        get("ended_at"),
        get("answered_by"),
        get("talk_seconds"),
        bool(get("abandoned")),
        get("direction") == "inbound",
        (get("lead_id"), get("attempt"), get("prospect_time_zone"), get("script_id")),
    )


def _conversation(builder: Builder, frame: Frame, get: Get) -> AnyStatement:
    return builder.conversation(
        frame,
        get("call_id"),
        get("call_started_at"),
        get("outcome"),
        get("warm_horizon"),
        get("talk_seconds"),
        (get("callback_at"), get("lead_id"), get("source_code"), get("script_id")),
    )


def _appointment(builder: Builder, frame: Frame, get: Get) -> AnyStatement:
    return builder.appointment(
        frame,
        get("appointment_id"),
        get("booked_at"),
        get("call_id"),
        get("call_started_at"),
        get("status") or "booked",
        get("quality"),
        (get("lead_id"), get("seller_id"), get("scheduled_for"), get("script_id")),
    )


def _sale(builder: Builder, frame: Frame, get: Get) -> AnyStatement:
    return builder.sale(
        frame,
        get("sale_id"),
        get("appointment_id"),
        get("booked_at"),
        get("call_id"),
        get("call_started_at"),
        get("amount"),
        get("currency"),
        (get("seller_id"), get("closed_at"), get("script_id")),
    )


def _presence(builder: Builder, frame: Frame, get: Get) -> AnyStatement:
    return builder.presence(frame, get("since"), get("state"), (get("reason"), get("script_id")))


_BUILD: dict[str, Callable[[Builder, Frame, Get], AnyStatement]] = {
    "dialer.calls.v1": _call,
    "dialer.conversations.v1": _conversation,
    "dialer.appointments.v1": _appointment,
    "dialer.sales.v1": _sale,
    "dialer.presence.v1": _presence,
}
