"""From a record's bytes to a statement.

Where this machine could compile it, the ``scanner`` takes plain calls and conversations. The quick way here takes all
in which nothing is unusual. Whatever is unusual (a void, a wrong field, a duration too close to a half) goes to
``judging``, which is thorough and slower. All three say the same. Texts that repeat from fact to fact are checked once
and shared.
"""

from collections.abc import Callable
from math import copysign
from typing import Any

import msgspec

from processors.building import Builder, Frame, Place, Refusal
from processors.fields import (
    GREATEST_ATTEMPT,
    GREATEST_KEY,
    GREATEST_VALUE,
    GREATEST_VERSION,
    LONGEST_ID,
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
from schemas.facts import FACT_TYPES, Appointment, Call, Conversation, Presence, Sale
from schemas.rejections import Reason

try:
    from processors.scanner import Scanner
except ImportError:
    Scanner = None  # type: ignore[assignment, misc]

DEEPEST_NESTING = 64
"""Objects and lists within each other. Set, so that every reader refuses the same records (a recursion limit of the
interpreter depends on who calls)."""


_BRACE, _BRACKET, _BLANK, _BAR, _BACKSLASH, _DELETE = b"{[ |\\\x7f"


class NoScanner:
    """Where the scanner could not be compiled: leaves every record to the ways that follow it."""

    ended_us = 0

    def scan(self, kind: int, key: bytes | None, value: bytes | None, record_us: int) -> None:
        """Nothing is known of any record."""

    def scan_bytes(self, kind: int, key_size: int, value: Any, size: int, record_ms: int) -> None:
        """Nor of one by where it lies."""


class _Unusual(Exception):
    """Not for the quick way."""


_SCANNED = {"dialer.calls.v1": 0, "dialer.conversations.v1": 1}

MOST_KNOWN = 100_000
"""Texts, parts and places remembered at most."""


class _Checked(dict[str, str]):
    """Texts that passed a check, each as one shared object; bounded."""

    def __init__(self, check: Callable[[str], str]) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, text: str) -> str:
        self._check(text)
        if len(self) >= MOST_KNOWN:
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
    """The value, once its size and its nesting are such that decoding is safe and the same everywhere."""
    if key is not None and len(key) > GREATEST_KEY:
        raise Refusal(Reason.TOO_LARGE, f"the key: is over {GREATEST_KEY} bytes")
    if value is None:
        raise Refusal(Reason.NOT_JSON, "the value: is absent")
    if len(value) > GREATEST_VALUE:
        raise Refusal(Reason.TOO_LARGE, f"the value: is over {GREATEST_VALUE} bytes")
    # Most facts are one flat object: looking for a second bracket costs less than counting them.
    if (value.find(_BRACE, 1) > 0 or _BRACKET in value) and nesting(value) > DEEPEST_NESTING:
        raise Refusal(Reason.NOT_JSON, f"the value: is nested deeper than {DEEPEST_NESTING}")
    return value


class Reader:
    """Reads records of the fact topics as statements, by the clocks of the sites."""

    def __init__(self, clocks: Clocks) -> None:
        self._builder = Builder(clocks)
        self._ids = _Checked(check_id)
        self._operators = _Checked(check_operator)
        self._parts: dict[Part, Part] = {}
        self._places: dict[tuple[str | None, ...], Place] = {}
        self._frame = Frame(self._builder.place(None, (None, None, None)), 0, False, 0, 0)
        self._are_ids_plain = False
        self.scanner = NoScanner() if Scanner is None else Scanner(self._place)
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
        statement = self.scanner.scan(self.scanned_as(topic), key, value, record_us)
        if statement is not None:
            self._builder.ended_us = self.scanner.ended_us
            return statement
        return self.read_unplain(topic, key, value, record_us)

    def scanned_as(self, topic: str) -> int:
        """As which kind the scanner takes a topic's records: -1 where it does not."""
        return _SCANNED.get(topic, -1)

    def read_unplain(self, topic: str, key: bytes | None, value: bytes | None, record_us: int) -> AnyStatement:
        """The same for a record that the scanner has left, or would leave."""
        value = _screen(key, value)
        decode, build = self._quick[topic]
        try:
            is_ascii = value.isascii()
            if not is_ascii:
                value.decode()
            # Then every text is printable and has neither a blank nor a |, so that an id only needs a length: sound
            # JSON has no control characters but by way of a backslash.
            self._are_ids_plain = is_ascii and not (
                _BLANK in value or _BAR in value or _BACKSLASH in value or _DELETE in value
            )
            fact = decode(value)
            return build(fact, self._framed(fact, record_us))
        except (_Unusual, ValueError, RecursionError, msgspec.MsgspecError):
            # Every failed check is a ValueError, and so is text that is no UTF-8.
            return judge(topic, value, record_us, self._builder)

    @property
    def ended_us(self) -> int:
        """When what the last statement read tells of had ended, microseconds."""
        return self._builder.ended_us

    def _framed(self, fact: Any, record_us: int) -> Frame:
        version = fact.version or 0
        if fact.voided or not 0 <= version <= GREATEST_VERSION:
            raise _Unusual
        key = fact.operator_id, fact.site_id, fact.team_id, fact.campaign_id
        place = self._places.get(key)
        frame = self._frame
        frame.place = self._new_place(key) if place is None else place
        frame.version = version
        frame.stated_us = record_us if fact.stated_at is None else parse_time(fact.stated_at)
        frame.record_us = record_us
        return frame

    def _new_place(self, key: tuple[str | None, ...]) -> Place:
        """A place seen for the first time by the quick way."""
        if len(self._places) >= MOST_KNOWN:
            self._places.clear()
        place = self._places[key] = self._place(key)
        return place

    def _place(self, key: tuple[str | None, ...]) -> Place:
        """A place; its ids are checked here, once for all its facts."""
        operator_id, *others = key
        ids = self._ids
        site, team, campaign = (None if text is None else ids[text] for text in others)
        operator = None if operator_id is None else self._operators[operator_id]
        if len(self._parts) >= MOST_KNOWN:
            self._parts.clear()
        part = self._parts.setdefault((site, team, campaign), (site, team, campaign))
        return self._builder.place(operator, part)

    def _id(self, text: str) -> str:
        if not (0 < len(text) <= LONGEST_ID if self._are_ids_plain else is_id(text)):
            raise _Unusual
        return text

    def _call(self, fact: Call, frame: Frame) -> AnyStatement:
        lead_id, attempt, zone, script_id = fact.lead_id, fact.attempt, fact.prospect_time_zone, fact.script_id
        if fact.abandoned and fact.answered_by == "machine":
            raise _Unusual
        if attempt is not None and not 1 <= attempt <= GREATEST_ATTEMPT:
            raise _Unusual
        answered_at, ended_at, seconds = fact.answered_at, fact.ended_at, fact.talk_seconds
        return self._builder.call(
            frame,
            self._id(fact.call_id),
            parse_time(fact.started_at),
            None if answered_at is None else parse_time(answered_at),
            None if ended_at is None else parse_time(ended_at),
            fact.answered_by,
            None if seconds is None else _duration(seconds),
            fact.abandoned is True,
            fact.direction == "inbound",
            (
                None if lead_id is None else self._id(lead_id),
                attempt,
                None if zone is None else check_zone(zone),
                None if script_id is None else self._ids[script_id],
            ),
        )

    def _conversation(self, fact: Conversation, frame: Frame) -> AnyStatement:
        if fact.outcome is None:
            raise _Unusual
        rest = (_time(fact.callback_at), self._lead(fact.lead_id), fact.source_code, self._shared(fact.script_id))
        started_us, talk_us = (
            parse_time(fact.call_started_at),
            None if fact.talk_seconds is None else _duration(fact.talk_seconds),
        )
        return self._builder.conversation(
            frame, self._id(fact.call_id), started_us, fact.outcome, fact.warm_horizon, talk_us, rest
        )

    def _appointment(self, fact: Appointment, frame: Frame) -> AnyStatement:
        if fact.booked_at is None:
            raise _Unusual
        return self._builder.appointment(
            frame,
            self._id(fact.appointment_id),
            parse_time(fact.booked_at),
            self._lead(fact.call_id),
            _time(fact.call_started_at),
            fact.status or "booked",
            fact.quality,
            (
                self._lead(fact.lead_id),
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
            self._id(fact.sale_id),
            self._id(fact.appointment_id),
            parse_time(fact.booked_at),
            self._lead(fact.call_id),
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

    def _lead(self, text: str | None) -> str | None:
        return None if text is None else self._id(text)

    def _shared(self, text: str | None) -> str | None:
        return None if text is None else self._ids[text]


def _time(text: str | None) -> int | None:
    return None if text is None else parse_time(text)


def _duration(seconds: float) -> int:
    # At the very ends a float no longer tells what its text said: the longest or just over it, nothing or just below.
    if not 0 < seconds < LONGEST_DURATION_SECONDS and (seconds != 0 or copysign(1, seconds) < 0):
        raise _Unusual
    us = duration_us(seconds)
    if us is None:
        raise _Unusual
    return us
