"""Records that are to be rejected, one way for each reason, each made of a good fact under an identity of its own."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

IDENTITY = {
    "dialer.calls.v1": "call_id",
    "dialer.conversations.v1": "call_id",
    "dialer.appointments.v1": "appointment_id",
    "dialer.sales.v1": "sale_id",
    "dialer.presence.v1": "since",
}
TALKING = ("dialer.calls.v1", "dialer.conversations.v1")
BOOKED = ("dialer.appointments.v1", "dialer.sales.v1")
POISONS = (
    "too_large",
    "not_json",
    "missing_field",
    "wrong_type",
    "bad_value",
    "time_without_offset",
    "negative_duration",
    "times_out_of_order",
    "horizon_without_warm_lead",
    "half_reference",
    "in_the_future",
    "too_late",
)
"""Every reason but ``version_conflict``, which depends on what came before and is found in the log."""

Spoilt = tuple[str, bytes | None, bytes | None]


def spoil(reason: str, topic: str, fact: dict[str, Any], identity: str, dice: Random) -> Spoilt | None:
    """(topic, key, value) of a record that this reason fits; None where the topic cannot have it."""
    name = IDENTITY[topic]
    good = fact | {name: identity} if name != "since" else dict(fact)
    good.pop("voided", None)
    key = (fact.get("operator_id") or f"@{fact['campaign_id']}").encode()
    if reason == "too_large":
        return (
            (topic, b"k" * 1100, _json(good))
            if dice.random() < 0.5
            else (topic, key, _json(good | {"x": "x" * 66_000}))
        )
    if reason == "not_json":
        return topic, key, dice.choice((None, b"", b"{", b"\xff", b"[1]", b"[" * 20_000, b'{"a":1},{"a":2}'))
    changed = _changed(reason, topic, good)
    return None if changed is None else (topic, key, _json(changed))


def _changed(reason: str, topic: str, good: dict[str, Any]) -> dict[str, Any] | None:
    start = "since" if topic == "dialer.presence.v1" else "started_at" if topic == "dialer.calls.v1" else "booked_at"
    if topic == "dialer.conversations.v1":
        start = "call_started_at"
    if reason == "missing_field":
        return {name: value for name, value in good.items() if name != start}
    if reason == "wrong_type":
        return good | {"script_id": 7}
    if reason == "bad_value":
        return good | {"site_id": " lyon"}
    if reason == "time_without_offset":
        return good | {start: good[start][:19]}
    if reason == "negative_duration" and topic in TALKING:
        return good | {"talk_seconds": -0.5}
    if reason == "times_out_of_order" and topic == "dialer.calls.v1":
        return good | {"answered_at": "2020-01-01T00:00:00Z"}
    if reason == "horizon_without_warm_lead" and topic == "dialer.conversations.v1":
        return good | {"outcome": "refused", "warm_horizon": "short"}
    if reason == "half_reference" and topic in BOOKED:
        return {name: value for name, value in good.items() if name != "call_started_at"} | {"call_id": "c"}
    if reason == "in_the_future":
        return good | {"stated_at": _ago(days=-3)}
    if reason == "too_late":
        return _shifted(topic, good)
    return None


def _shifted(topic: str, good: dict[str, Any]) -> dict[str, Any]:
    """The same so long ago that its hour takes no more facts."""
    long_ago = _ago(days=190)
    times = {name: long_ago for name in ("started_at", "since", "booked_at", "call_started_at") if name in good}
    kept = {name: value for name, value in good.items() if name not in ("answered_at", "ended_at", "stated_at")}
    return kept | times


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
