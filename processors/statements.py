"""Statements: facts that were accepted, normalised, as pages keep them and the changelog writes them.

A statement holds what the folds need as fields of its own; what only makes up the rest of its content (for telling
a duplicate from a conflict, and for showing it to a person) is packed into ``rest``, which costs a third of the
memory. All are arrays in msgpack, tagged by their kind, and carry the key of their page. Words of the contract are
literals: of those, the decoder gives one shared object, where each text of a changelog would be one more.
"""

from typing import Any

import msgspec

from schemas.facts import AnsweredBy, AppointmentStatus, Outcome, PresenceState, Quality, WarmHorizon

Part = tuple[str | None, str | None, str | None]
"""(site_id, team_id, campaign_id): what a fact counts for, beside its owner."""

KINDS = ("call", "conversation", "appointment", "sale", "presence")
"""The kinds of facts in the order of the contract, which breaks ties between facts of one instant."""


class Statement(msgspec.Struct, array_like=True, gc=False):
    """What every statement has.

    ``owner`` and ``hour_us`` (UTC microseconds of the hour's start) are its page's key, ``id`` its identity within
    its kind, ``version`` and ``voided`` as stated, ``at_us`` the hour-deciding time in microseconds.
    """

    owner: str
    hour_us: int
    id: str
    version: int
    voided: bool
    part: Part
    at_us: int


ANSWERED, ABANDONED, INBOUND = 1, 2, 4
"""What a call's ``flags`` add up: it has an answer time; nobody was there for it; it came in. As one number they take
sixteen bytes less of every call."""


class CallStatement(Statement, array_like=True, gc=False, tag=0):
    """A call attempt. ``talk_us``: talk in microseconds, None where unknown."""

    flags: int
    answered_by: AnsweredBy | None
    talk_us: int | None
    rest: bytes


class ConversationStatement(Statement, array_like=True, gc=False, tag=1):
    """How a call's conversation concluded; ``outcome`` is None in a void that leaves it out."""

    outcome: Outcome | None
    warm_horizon: WarmHorizon | None
    talk_us: int | None
    rest: bytes


class AppointmentStatement(Statement, array_like=True, gc=False, tag=2):
    """An appointment at its present state; ``call_id`` is the call that won it, where one did."""

    call_id: str | None
    status: AppointmentStatus
    quality: Quality | None
    rest: bytes


class SaleStatement(Statement, array_like=True, gc=False, tag=3):
    """A sale; ``amount`` is normalised decimal text, with its ``currency``."""

    amount: str | None
    currency: str | None
    rest: bytes


class PresenceStatement(Statement, array_like=True, gc=False, tag=4):
    """An operator's state from ``at_us`` on; ``id`` is that instant's text."""

    state: PresenceState | None
    rest: bytes


AnyStatement = CallStatement | ConversationStatement | AppointmentStatement | SaleStatement | PresenceStatement

STATEMENT_TYPES: tuple[type[AnyStatement], ...] = (
    CallStatement,
    ConversationStatement,
    AppointmentStatement,
    SaleStatement,
    PresenceStatement,
)
KIND_OF: dict[type[AnyStatement], int] = {kind: place for place, kind in enumerate(STATEMENT_TYPES)}

REST_FIELDS: tuple[tuple[str, ...], ...] = (
    ("answered_after_us", "ended_after_us", "lead_id", "attempt", "prospect_time_zone", "script_id"),
    ("callback_us", "lead_id", "source_code", "script_id"),
    ("booked_us", "lead_id", "seller_id", "scheduled_us", "script_id"),
    ("appointment_id", "booked_us", "call_id", "seller_id", "closed_us", "script_id"),
    ("reason", "script_id"),
)
"""What ``rest`` holds, by kind; ``..._after_us`` counts from ``at_us``, other ``..._us`` from the epoch."""

_encode = msgspec.msgpack.Encoder().encode
_decode_rest = msgspec.msgpack.Decoder(tuple[Any, ...]).decode


def pack_rest(values: tuple[object, ...]) -> bytes:
    """Packs the values of REST_FIELDS; trailing absent ones are left out."""
    end = len(values)
    while end and values[end - 1] is None:
        end -= 1
    return _encode(values[:end]) if end else b""


def unpack_rest(statement: AnyStatement) -> dict[str, Any]:
    """The packed values by name, absent ones left out."""
    if not statement.rest:
        return {}
    names = REST_FIELDS[KIND_OF[type(statement)]]
    return {name: value for name, value in zip(names, _decode_rest(statement.rest), strict=False) if value is not None}


def end_us(statement: AnyStatement) -> int:
    """When what the fact tells of had ended, in microseconds: as exactly as the fact says."""
    rest = unpack_rest(statement)
    at_us = statement.at_us
    if isinstance(statement, CallStatement):
        spoken = rest.get("answered_after_us", 0) + (statement.talk_us or 0)
        return at_us + int(rest.get("ended_after_us", spoken))
    if isinstance(statement, ConversationStatement):
        return at_us + (statement.talk_us or 0)
    return int(rest.get("closed_us", rest.get("booked_us", at_us)))


encode_run = msgspec.msgpack.Encoder().encode
"""A run of statements (a list) as one changelog row."""

decode_run = msgspec.msgpack.Decoder(list[AnyStatement]).decode
"""A changelog row as a list of statements."""
