"""Records that are to be rejected, several ways for each reason, made of good facts under identities of their own."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

CALLS, CONVERSATIONS, APPOINTMENTS, SALES, PRESENCE = (
    f"dialer.{kind}.v1" for kind in ("calls", "conversations", "appointments", "sales", "presence")
)
IDENTITY = {
    CALLS: "call_id",
    CONVERSATIONS: "call_id",
    APPOINTMENTS: "appointment_id",
    SALES: "sale_id",
    PRESENCE: "since",
}
BOOKED = (APPOINTMENTS, SALES)
NO_JSON = (
    None,
    b"",
    b"{",
    b"null",
    b'"text"',
    b"\xff",
    b"[1]",
    b"[" * 20_000,
    b'{"a":' * 9_000,
    b'{"a":1},{"a":2}',
)

Fact = dict[str, Any]
Ways = list[Fact]
"""What to change in a good fact, one way each; None takes a field away."""
Spoilt = tuple[str, bytes | None, bytes | None]


def _missing(topic: str, good: Fact) -> Ways:
    names = {
        CALLS: ("call_id", "started_at", "campaign_id"),
        CONVERSATIONS: ("call_id", "call_started_at", "operator_id", "campaign_id", "outcome"),
        APPOINTMENTS: ("appointment_id", "booked_at", "operator_id", "campaign_id"),
        SALES: ("sale_id", "appointment_id", "booked_at", "operator_id", "campaign_id"),
        PRESENCE: ("operator_id", "since", "state"),
    }
    return [{name: None} for name in names[topic]]


def _wrong_type(topic: str, good: Fact) -> Ways:
    ways: Ways = [{"script_id": 7}, {"version": "1"}, {"version": 1.5}, {"version": True}, {"voided": "yes"}]
    if topic in (CALLS, CONVERSATIONS):
        ways += [{"talk_seconds": "20"}, {"campaign_id": ["autumn"]}]
    return [*ways, {_deciding(topic, good): 1_700_000_000}]


def _bad_value(topic: str, good: Fact) -> Ways:
    deciding = _deciding(topic, good)
    ways: Ways = [
        {"site_id": " lyon"},
        {"team_id": "t" * 129},
        {"script_id": "a|b"},
        {"script_id": ""},
        {"version": -1},
        {"version": 2**43},
        {"operator_id": "@o1"},
        {deciding: good[deciding][:19] + ".1234567Z"},
        {deciding: "2026-02-30T10:00:00Z"},
    ]
    own: dict[str, Ways] = {
        CALLS: [
            {"answered_by": "parrot"},
            {"attempt": 0},
            {"prospect_time_zone": "Mars/Olympus"},
            {"abandoned": True, "answered_by": "machine"},
            {"talk_seconds": 10**26},
        ],
        CONVERSATIONS: [{"outcome": "maybe"}, {"outcome": "warm_lead", "warm_horizon": "soon"}],
        APPOINTMENTS: [{"status": "lost"}, {"quality": "good"}],
        SALES: [{"amount": money, "currency": "EUR"} for money in ("-5", "1e3", "1,50", "")],
        PRESENCE: [{"state": "asleep"}],
    }
    return ways + own[topic]


def _without_offset(topic: str, good: Fact) -> Ways:
    deciding = _deciding(topic, good)
    ways: Ways = [{deciding: good[deciding][:19]}, {"stated_at": good[deciding][:23]}]
    return [*ways, {"ended_at": good[deciding][:19]}] if topic == CALLS else ways


def _negative(topic: str, good: Fact) -> Ways:
    return [{"talk_seconds": below} for below in (-0.5, -1, -1e-6)] if topic in (CALLS, CONVERSATIONS) else []


def _out_of_order(topic: str, good: Fact) -> Ways:
    if topic != CALLS:
        return []
    early = _moved(good["started_at"], seconds=-6)
    return [{"answered_at": "2020-01-01T00:00:00Z"}, {"answered_at": early}, {"answered_at": None, "ended_at": early}]


def _horizon(topic: str, good: Fact) -> Ways:
    others = ("refused", "callback", "appointment", "unclassified")
    return [{"outcome": other, "warm_horizon": "short"} for other in others] if topic == CONVERSATIONS else []


def _half(topic: str, good: Fact) -> Ways:
    if topic not in BOOKED:
        return []
    ways: Ways = [
        {"call_id": "c", "call_started_at": None},
        {"call_id": None, "call_started_at": good["booked_at"]},
    ]
    if topic == SALES:
        ways += [{"amount": "5", "currency": None}, {"amount": None, "currency": "EUR"}]
    return ways


def _future(topic: str, good: Fact) -> Ways:
    return [{"stated_at": _ago(days=-3)}, _at(topic, _ago(days=-2))]


def _late(topic: str, good: Fact) -> Ways:
    return [_at(topic, _ago(days=182))] if topic in BOOKED else [_at(topic, _ago(hours=75)), _at(topic, _ago(days=190))]


_WAYS = {
    "missing_field": _missing,
    "wrong_type": _wrong_type,
    "bad_value": _bad_value,
    "time_without_offset": _without_offset,
    "negative_duration": _negative,
    "times_out_of_order": _out_of_order,
    "horizon_without_warm_lead": _horizon,
    "half_reference": _half,
    "in_the_future": _future,
    "too_late": _late,
}
POISONS = ("too_large", "not_json", *_WAYS)
"""Every reason but ``version_conflict``, which depends on what came before and is found in the log."""


def spoil(reason: str, topic: str, fact: Fact, identity: str, dice: Random) -> Spoilt | None:
    """(topic, key, value) of a record that this reason fits; None where the topic cannot have it."""
    name = IDENTITY[topic]
    good = fact | {name: identity} if name != "since" else dict(fact)
    good.pop("voided", None)
    key = (fact.get("operator_id") or f"@{fact['campaign_id']}").encode()
    if reason == "too_large":
        return dice.choice(((topic, b"k" * 1100, _json(good)), (topic, key, _json(good | {"x": "x" * 66_000}))))
    if reason == "not_json":
        return topic, key, dice.choice(NO_JSON)
    ways = _WAYS[reason](topic, good)
    if not ways:
        return None
    changed = good | dice.choice(ways)
    return topic, key, _json({name: value for name, value in changed.items() if value is not None})


def _deciding(topic: str, good: Fact) -> str:
    """The field whose time decides the hour."""
    own = {CALLS: "started_at", PRESENCE: "since"}.get(topic, "call_started_at")
    return own if own in good else "booked_at"


def _at(topic: str, time: str) -> Fact:
    """The same at another time, and nothing said of what came after."""
    if topic == CALLS:
        return {"started_at": time, "answered_at": None, "ended_at": None}
    if topic in BOOKED:
        return {"booked_at": time, "call_id": None, "call_started_at": None}
    return {"since" if topic == PRESENCE else "call_started_at": time}


def _ago(days: float = 0, hours: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(days=days, hours=hours)).isoformat(timespec="milliseconds")


def _moved(time: str, seconds: float) -> str:
    return (datetime.fromisoformat(time) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
