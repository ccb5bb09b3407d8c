"""The quick way from a record's bytes to a statement, for records in which nothing is unusual.

Whatever is unusual (a void, a wrong field, a duration too close to a half) goes to ``judging``, which is thorough and
slower. Texts that repeat from fact to fact are checked once and shared.
"""

from collections.abc import Callable
from math import copysign
from typing import Any

import msgspec

from processors.building import Builder, Frame, Refusal
from processors.fields import (
    GREATEST_ATTEMPT,
    GREATEST_VERSION,
    check_amount,
    check_currency,
    check_id,
    check_operator,
    check_zone,
    is_id,
)
from processors.hours import Clocks
from processors.judging import judge
from processors.statements import AnyStatement, Part
from processors.times import LONGEST_DURATION_SECONDS, duration_us, parse_time
from schemas.facts import FACT_TYPES, Appointment, Call, Conversation, Fact, Presence, Sale
from schemas.rejections import Reason

GREATEST_KEY = 1024
GREATEST_VALUE = 64 * 1024
"""Bytes of a fact record's key and value; topics take more, so that what is too large can be rejected, not lost."""

DEEPEST_NESTING = 64
"""Objects and lists within each other. Set, so that every reader refuses the same records (a recursion limit of the
interpreter depends on who calls)."""


class _Unusual(Exception):
    """Not for the quick way."""


class _Checked(dict[str, str]):
    """Texts that passed a check, each as one shared object; bounded."""

    def __init__(self, check: Callable[[str], str]) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, text: str) -> str:
        self._check(text)
        if len(self) >= 100_000:
            self.clear()
        self[text] = text
        return text


def nesting(value: bytes) -> int:
    """How deep objects and lists lie within each other in JSON text, brackets in strings left out."""
    depth = deepest = 0
    in_string = escaped = False
    for byte in value:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _screen(key: bytes | None, value: bytes | None) -> bytes:
    """The value, once its size, its encoding and its nesting are such that decoding is safe and the same everywhere."""
    if key is not None and len(key) > GREATEST_KEY:
        raise Refusal(Reason.TOO_LARGE, f"the key: is over {GREATEST_KEY} bytes")
    if value is None:
        raise Refusal(Reason.NOT_JSON, "the value: is absent")
    if len(value) > GREATEST_VALUE:
        raise Refusal(Reason.TOO_LARGE, f"the value: is over {GREATEST_VALUE} bytes")
    if value.count(b"{") + value.count(b"[") > DEEPEST_NESTING and nesting(value) > DEEPEST_NESTING:
        raise Refusal(Reason.NOT_JSON, f"the value: is nested deeper than {DEEPEST_NESTING}")
    return value


class Reader:
    """Reads records of the fact topics as statements, by the clocks of the sites."""

    def __init__(self, clocks: Clocks) -> None:
        self._builder = Builder(clocks)
        self._ids = _Checked(check_id)
        self._operators = _Checked(check_operator)
        self._parts: dict[Part, Part] = {}
        builders: tuple[Callable[[Any, Frame], AnyStatement], ...] = (
            self._call,
            self._conversation,
            self._appointment,
            self._sale,
            self._presence,
        )
        self._quick = {
            topic: (msgspec.json.Decoder(kind).decode, build)
            for (topic, kind), build in zip(FACT_TYPES.items(), builders, strict=True)
        }

    def read(self, topic: str, key: bytes | None, value: bytes | None, record_us: int) -> AnyStatement:
        """The statement that a record makes; ``record_us`` is the record's timestamp in microseconds.

        Raises Refusal where the record is to be rejected. Whether the key and the partition are the owner's is the
        caller's to see (``owners``).
        """
        value = _screen(key, value)
        decode, build = self._quick[topic]
        try:
            if not value.isascii():
                value.decode()
            fact = decode(value)
            return build(fact, self._frame(fact, record_us))
        except (_Unusual, ValueError, RecursionError, msgspec.MsgspecError):
            # Every failed check is a ValueError, and so is text that is no UTF-8.
            return judge(topic, value, record_us, self._builder)

    @property
    def ended_us(self) -> int:
        """When what the last statement read tells of had ended, microseconds."""
        return self._builder.ended_us

    def _frame(self, fact: Fact, record_us: int) -> Frame:
        version = fact.version or 0
        if fact.voided or not 0 <= version <= GREATEST_VERSION:
            raise _Unusual
        ids = self._ids
        operator: str | None = fact.operator_id  # type: ignore[attr-defined]
        campaign: str | None = fact.campaign_id  # type: ignore[attr-defined]
        site, team = fact.site_id, fact.team_id
        part = (
            None if site is None else ids[site],
            None if team is None else ids[team],
            None if campaign is None else ids[campaign],
        )
        if len(self._parts) >= 100_000:
            self._parts.clear()
        part = self._parts.setdefault(part, part)
        stated_us = record_us if fact.stated_at is None else parse_time(fact.stated_at)
        if operator is not None:
            operator = self._operators[operator]
        return Frame(operator, part, version, False, stated_us, record_us)

    def _call(self, fact: Call, frame: Frame) -> AnyStatement:
        if not is_id(fact.call_id) or (fact.abandoned and fact.answered_by == "machine"):
            raise _Unusual
        if fact.attempt is not None and not 1 <= fact.attempt <= GREATEST_ATTEMPT:
            raise _Unusual
        return self._builder.call(
            frame,
            fact.call_id,
            parse_time(fact.started_at),
            _time(fact.answered_at),
            _time(fact.ended_at),
            fact.answered_by,
            _duration(fact.talk_seconds),
            fact.abandoned is True,
            fact.direction == "inbound",
            (_id(fact.lead_id), fact.attempt, _zone(fact.prospect_time_zone), self._shared(fact.script_id)),
        )

    def _conversation(self, fact: Conversation, frame: Frame) -> AnyStatement:
        if not is_id(fact.call_id) or fact.outcome is None:
            raise _Unusual
        rest = (_time(fact.callback_at), _id(fact.lead_id), fact.source_code, self._shared(fact.script_id))
        started_us, talk_us = parse_time(fact.call_started_at), _duration(fact.talk_seconds)
        return self._builder.conversation(
            frame, fact.call_id, started_us, fact.outcome, fact.warm_horizon, talk_us, rest
        )

    def _appointment(self, fact: Appointment, frame: Frame) -> AnyStatement:
        if fact.booked_at is None:
            raise _Unusual
        return self._builder.appointment(
            frame,
            check_id(fact.appointment_id),
            parse_time(fact.booked_at),
            _id(fact.call_id),
            _time(fact.call_started_at),
            fact.status or "booked",
            fact.quality,
            (
                _id(fact.lead_id),
                self._shared(fact.seller_id),
                _time(fact.scheduled_for),
                self._shared(fact.script_id),
            ),
        )

    def _sale(self, fact: Sale, frame: Frame) -> AnyStatement:
        if fact.booked_at is None or fact.appointment_id is None:
            raise _Unusual
        return self._builder.sale(
            frame,
            check_id(fact.sale_id),
            check_id(fact.appointment_id),
            parse_time(fact.booked_at),
            _id(fact.call_id),
            _time(fact.call_started_at),
            None if fact.amount is None else check_amount(fact.amount),
            None if fact.currency is None else check_currency(fact.currency),
            (self._shared(fact.seller_id), _time(fact.closed_at), self._shared(fact.script_id)),
        )

    def _presence(self, fact: Presence, frame: Frame) -> AnyStatement:
        if fact.state is None:
            raise _Unusual
        rest = (fact.reason, self._shared(fact.script_id))
        return self._builder.presence(frame, parse_time(fact.since), fact.state, rest)

    def _shared(self, text: str | None) -> str | None:
        return None if text is None else self._ids[text]


def _time(text: str | None) -> int | None:
    return None if text is None else parse_time(text)


def _id(text: str | None) -> str | None:
    return None if text is None else check_id(text)


def _zone(name: str | None) -> str | None:
    return None if name is None else check_zone(name)


def _duration(seconds: float | None) -> int | None:
    if seconds is None:
        return None
    # At the very ends a float no longer tells what its text said: the longest or just over it, nothing or just below.
    if not 0 <= seconds < LONGEST_DURATION_SECONDS or (seconds == 0 and copysign(1, seconds) < 0):
        raise _Unusual
    us = duration_us(seconds)
    if us is None:
        raise _Unusual
    return us
