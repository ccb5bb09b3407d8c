"""The oracle's own reading of the fact topics: what is accepted, on which page, and what is to be rejected.

Nothing here comes from the pipeline: times are read by ``datetime``, hours are found by walking the minutes of the
site's clock, and what is poison was said by who made it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from kafka.partitioner.default import murmur2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
IDENTITY = {
    "dialer.calls.v1": "call_id",
    "dialer.conversations.v1": "call_id",
    "dialer.appointments.v1": "appointment_id",
    "dialer.sales.v1": "sale_id",
    "dialer.presence.v1": "since",
}
TIMES = [
    "started_at",
    "answered_at",
    "ended_at",
    "call_started_at",
    "callback_at",
    "booked_at",
    "scheduled_for",
    "closed_at",
    "since",
]
NOT_CONTENT = {"stated_at", "unknown_field", "version"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "dialer.calls.v1": {"direction": "outbound", "abandoned": False},
    "dialer.appointments.v1": {"status": "booked"},
}

Part = tuple[str | None, str | None, str | None]
Place = tuple[str, int, int]
PageKey = tuple[str, int]


def instant(text: str) -> int:
    """Microseconds since the epoch."""
    return (datetime.fromisoformat(text) - EPOCH) // MICROSECOND


def text_of(us: int) -> str:
    """An instant as keys of records have it."""
    return (EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=100_000)
def _bounds(zone: str, minute: int) -> tuple[int, int]:
    """The minutes [from, to) around a minute in which the clock shows the same date, hour and offset."""
    clock = ZoneInfo(zone)

    def face(at: int) -> tuple[Any, ...]:
        local = (EPOCH + timedelta(minutes=at)).astimezone(clock)
        return local.date(), local.hour, local.utcoffset()

    shown, first, last = face(minute), minute, minute + 1
    while face(first - 1) == shown:
        first -= 1
    while face(last) == shown:
        last += 1
    return first, last


def hour_of(zone: str, us: int) -> tuple[int, int]:
    """(start, end) of the zone's hour that holds an instant, microseconds."""
    first, last = _bounds(zone, us // 60_000_000)
    return first * 60_000_000, last * 60_000_000


@dataclass(frozen=True, slots=True)
class Stated:
    """One accepted fact: its content with instants and durations in microseconds, amounts as decimals."""

    topic: str
    identity: str | int
    version: int
    voided: bool
    part: Part
    at_us: int
    content: dict[str, Any]


@dataclass(slots=True)
class TruePage:
    """One owner's hour: what stands by topic and identity, and every part that anything accepted ever named."""

    standing: dict[tuple[str, Any], Stated] = field(default_factory=dict)
    parts: set[Part] = field(default_factory=set)


@dataclass
class Truth:
    """What the fact topics say."""

    zones: dict[str, str]
    partitions: int
    pages: dict[PageKey, TruePage] = field(default_factory=dict)
    rejected: dict[Place, str] = field(default_factory=dict)
    raw: dict[Place, tuple[bytes, bytes]] = field(default_factory=dict)
    """Key and value of what is to be rejected."""
    sent_away: set[str] = field(default_factory=set)
    at_home: set[str] = field(default_factory=set)
    copies: list[str] = field(default_factory=list)
    results: dict[str, int] = field(default_factory=dict)

    def _note(self, what: str) -> None:
        self.results[what] = self.results.get(what, 0) + 1

    def zone(self, site_id: str | None) -> str:
        """The zone of a site."""
        return self.zones.get(site_id or "", "UTC")

    def read(self, topic: str, messages: Iterable[Any]) -> None:
        """Takes one fact topic, in the order of each partition."""
        for message in messages:
            place = topic, message.partition(), message.offset()
            expected = dict(message.headers() or ()).get("expected")
            if expected:
                self._refuse(place, message, expected.decode())
                continue
            stated, owner = self._stated(topic, json.loads(message.value(), parse_float=Decimal))
            if expected is None:  # no record of the source's: a copy that the pipeline made
                self.copies.append(_print(owner, _content(stated), stated.version))
            key = owner.encode()
            if message.key() != key or (murmur2(key) & 0x7FFFFFFF) % self.partitions != message.partition():
                self._note("misplaced")
                self.sent_away.add(_print(owner, _content(stated), stated.version))
                continue
            self._accept(place, message, owner, stated)

    def _refuse(self, place: Place, message: Any, reason: str) -> None:
        self._note(reason)
        self.rejected[place] = reason
        self.raw[place] = message.key() or b"", message.value() or b""

    def _stated(self, topic: str, said: dict[str, Any]) -> tuple[Stated, str]:
        content = DEFAULTS.get(topic, {}) | {name: value for name, value in said.items() if name not in NOT_CONTENT}
        content = {name: value for name, value in content.items() if value is not None}
        for name in TIMES:
            if name in content:
                content[name] = instant(content[name])
        if "talk_seconds" in content:
            content["talk_seconds"] = round(Decimal(content["talk_seconds"]) * 1_000_000)
        if "amount" in content:
            content["amount"] = Decimal(content["amount"])
        _clamp(content)
        voided = content.setdefault("voided", False)
        part = content.get("site_id"), content.get("team_id"), content.get("campaign_id")
        deciding = ("started_at", "call_started_at", "since", "booked_at")
        at_us = next(content[name] for name in deciding if name in content)
        owner = content.get("operator_id") or f"@{content['campaign_id']}"
        stated = Stated(topic, content[IDENTITY[topic]], said.get("version") or 0, voided, part, at_us, content)
        return stated, owner

    def _accept(self, place: Place, message: Any, owner: str, stated: Stated) -> None:
        start, _ = hour_of(self.zone(stated.part[0]), stated.at_us)
        page = self.pages.setdefault((owner, start), TruePage())
        self.at_home.add(_print(owner, _content(stated), stated.version))
        key = stated.topic, stated.identity
        standing = page.standing.get(key)
        if standing is not None and stated.version < standing.version:
            self._note("superseded")
        elif standing is not None and stated.version == standing.version:
            if stated.content == standing.content:
                self._note("duplicate")
            else:
                self._refuse(place, message, "version_conflict")
        else:
            self._note("accepted")
            page.standing[key] = stated
            page.parts.add(stated.part)

    def lost_on_the_way(self) -> list[str]:
        """Misplaced facts of which no copy lies at home, and copies of what nobody misplaced."""
        lost = [f"no copy of {one}" for one in self.sent_away - self.at_home]
        return lost + [f"a copy of nothing: {one}" for one in self.copies if one not in self.sent_away]


def _clamp(content: dict[str, Any]) -> None:
    """Two clocks of one dialer: within five seconds, which the facts here keep, a time is moved to what it may be."""
    earliest = content.get("started_at", 0)
    for name in ("answered_at", "ended_at"):
        if name in content:
            earliest = content[name] = max(content[name], earliest)


def _content(stated: Stated) -> dict[str, Any]:
    return {"topic": stated.topic, **stated.content}


def _print(owner: str, content: dict[str, Any], version: int) -> str:
    return f"{owner} {version} {sorted(content.items(), key=str)}"
