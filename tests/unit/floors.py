"""Drawn statements of one hour: few calls, operators, campaigns and versions, so that everything meets."""

from hypothesis import strategies as st

from processors.hours import Clocks
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
)
from processors.times import parse_time

HOUR_US = parse_time("2025-10-04T15:30:00Z")
"""An hour that starts in Kolkata and, half an hour long, on Lord Howe, where the clocks change."""

CLOCKS = Clocks("Asia/Kolkata", {"howe": "Australia/Lord_Howe"})
HALF_HOUR_US, SECOND_US = 1_800_000_000, 1_000_000

_PARTS: list[Part] = [
    ("pune", "t1", "autumn"),
    ("pune", "t2", "winter"),
    ("howe", "t1", "autumn"),
    (None, None, "autumn"),
]
_TALKS = st.sampled_from([None, 0, 5 * SECOND_US, 20 * SECOND_US - 1, 20 * SECOND_US, 90_000_001])


@st.composite
def statements(draw: st.DrawFn, owner: str, kind: int, identity: int, version: int) -> AnyStatement:
    """One content for an identity and version."""
    part = draw(st.sampled_from(_PARTS))
    longest = HALF_HOUR_US if part[0] == "howe" else 2 * HALF_HOUR_US
    at_us = HOUR_US + draw(st.integers(0, longest - 1))
    common = (
        owner,
        HOUR_US,
        f"{'cvasp'[kind]}{identity}",
        version,
        draw(st.sampled_from([False, False, True])),
        part,
        at_us,
    )
    if kind == 0:
        by = draw(st.sampled_from([None, "human", "machine", "unknown"]))
        flags = draw(st.sampled_from((0, ANSWERED))) + draw(st.sampled_from((0, 0, 0, INBOUND)))
        flags += draw(st.sampled_from((0, ABANDONED))) if by != "machine" else 0
        return CallStatement(*common, flags, by, draw(_TALKS), b"")
    if kind == 1:
        return _conversation(draw, common)
    if kind == 2:
        call_id = draw(st.sampled_from([None, "c0", "c1", "c2"]))
        status = draw(st.sampled_from(["booked", "honoured", "no_show", "cancelled"]))
        quality = draw(st.sampled_from([None, "sound", "forced", "irrelevant"]))
        return AppointmentStatement(*common, call_id, status, quality, b"")
    if kind == 3:
        amount, currency = draw(st.sampled_from([(None, None), ("0", "EUR"), ("0.1", "EUR"), ("1250.5", "CHF")]))
        return SaleStatement(*common, amount, currency, b"")
    return PresenceStatement(*common, draw(st.sampled_from([None, "available", "paused"])), b"")


def _conversation(draw: st.DrawFn, common: tuple[str, int, str, int, bool, Part, int]) -> ConversationStatement:
    outcome = draw(st.sampled_from(["refused", "warm_lead", "callback", "appointment", "appointment", "unclassified"]))
    horizon = draw(st.sampled_from([None, "short", "medium", "long"])) if outcome == "warm_lead" else None
    owner, hour_us, identity, version, voided, part, at_us = common
    call_id = identity.replace("v", "c")
    return ConversationStatement(
        owner, hour_us, call_id, version, voided, part, at_us, outcome, horizon, draw(_TALKS), b""
    )


@st.composite
def streams(draw: st.DrawFn, owner: str = "o1", most: int = 14) -> list[AnyStatement]:
    """Statements of one page in some order, each identity and version with one content."""
    identities = st.tuples(st.sampled_from([0, 0, 1, 1, 2, 2, 3, 4]), st.integers(0, 2), st.integers(0, 3))
    chosen = draw(st.lists(identities, min_size=1, max_size=most, unique=True))
    return [draw(statements(owner, *identity)) for identity in chosen]
