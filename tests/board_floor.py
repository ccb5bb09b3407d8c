"""A made-up floor, written to Redis as the contract says: records whose counts, slots, rates and roll-ups agree."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from redis import Redis

from processors.hours import SLOT_US, Hour, hour_at
from processors.rates import rates
from processors.times import (
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    format_millis,
    format_time,
)
from schemas.kpis import (
    COUNT_NAMES,
    Counts,
    OperatorHour,
    Part,
    PartCounts,
    SiteHour,
    Slots,
)
from schemas.redis_keys import (
    Heartbeat,
    Marker,
    heartbeat_key,
    hour_key,
    marker_key,
    snapshot_key,
    updates_channel,
)
from streams.board.holdings import Beat, Glance, HeldHour, Holdings

RULE = "outcome-or-talk-20s"
OUTCOMES = (
    "refused",
    "warm_leads",
    "callbacks",
    "concluded_appointments",
    "unclassified",
)
CAMPAIGNS = ("autumn", "heat-pumps")
SHAPE = {
    9: 0.8,
    10: 1.0,
    11: 1.0,
    12: 0.25,
    13: 0.5,
    14: 0.95,
    15: 1.0,
    16: 1.0,
    17: 0.9,
    18: 0.6,
}


@dataclass(frozen=True)
class Made:
    """One call that was made: an `outcome` makes it a conversation; `extra` are counts it adds, such as a sale."""

    owner: str
    at_us: int
    outcome: str | None = None
    talk_seconds: float = 0.0
    site: str | None = "lyon"
    extra: tuple[str, ...] = ()
    team: str | None = "t1"
    campaign: str = "autumn"

    def counts(self) -> tuple[str, ...]:
        """The counts that this call adds one to."""
        names: tuple[str, ...] = ("calls",)
        if self.outcome is not None:
            names += (
                "answered",
                "human_answered",
                "conversations",
                self.outcome,
                "timed",
            )
        if self.outcome == "warm_leads":
            names += ("warm_short",)
        if self.outcome == "concluded_appointments":
            names += ("appointments",) if {"honoured", "no_shows"} & set(self.extra) else ("appointments", "pending")
        return names + self.extra


def body(made: Iterable[Made], hour: Hour) -> dict[str, Any]:
    """The fields that records of all levels share."""
    counts, talk_us = dict.fromkeys(COUNT_NAMES, 0), 0
    slots = Slots(300, [0] * hour.slots, [0] * hour.slots, [0] * hour.slots)
    revision = 0
    for call in made:
        revision += 1
        for name in call.counts():
            counts[name] += 1
            if name in ("calls", "conversations", "appointments"):
                getattr(slots, name)[(call.at_us - hour.start_us) // SLOT_US] += 1
        talk_us += round(call.talk_seconds * SECOND_US) if call.outcome else 0
    return {
        "hour_start": format_time(hour.start_us),
        "hour_end": format_time(hour.end_us),
        "time_zone": hour.zone,
        "revision": f"0001-{revision:020}-0",
        "is_final": False,
        "emitted_at": format_millis(hour.end_us),
        "conversation_rule": RULE,
        "counts": Counts(**counts),
        "talk_seconds": talk_us / SECOND_US,
        "amounts": {},
        "rates": rates(list(counts.values()), talk_us, hour.hours),
        "slots": slots,
    }


def operator_hour(owner: str, made: list[Made], hour: Hour) -> OperatorHour:
    """The record of an owner."""
    fields = body(made, hour)
    operator = None if owner.startswith("@") else owner
    campaigns = {name: [call for call in made if call.campaign == name] for name in {call.campaign for call in made}}
    return OperatorHour(
        owner=owner,
        operator_id=operator,
        team_id=made[-1].team,
        site_id=made[-1].site,
        campaigns={name: _part(body(calls, hour)) for name, calls in campaigns.items()},
        **fields,
    )


def _part(fields: dict[str, Any]) -> Part:
    return Part(PartCounts(**msgspec.structs.asdict(fields["counts"])), fields["talk_seconds"])


def site_hour(site: str, made: list[Made], hour: Hour) -> SiteHour:
    """The roll-up of a site."""
    people = {call.owner for call in made if not call.owner.startswith("@")}
    return SiteHour(site_id=site, operators=len(people), **body(made, hour))


class Floor:
    """Calls by site, and what a worker would have written of them."""

    def __init__(self, zones: dict[str, str], default: str = "UTC", partitions: int = 4) -> None:
        self.zones = zones
        self.marker = Marker(
            partitions=partitions,
            time_zone=default,
            site_time_zones=zones,
            conversation_rule=RULE,
            generation=1,
        )
        self.made: list[Made] = []

    def hour(self, site: str | None, at_us: int) -> Hour:
        """The hour of a site's clock that holds an instant."""
        return hour_at(at_us, ZoneInfo(self.zones.get(site or "main", self.marker.time_zone)))

    def operator_hours(self) -> dict[tuple[str, int], OperatorHour]:
        """The owners' records by (owner, hour start)."""
        return {
            (owner, hour.start_us): operator_hour(owner, made, hour)
            for (owner, hour), made in self._grouped("owner").items()
        }

    def site_hours(self) -> dict[tuple[str, int], SiteHour]:
        """The sites' records by (site, hour start)."""
        grouped = self._grouped("site")
        return {
            (site or "main", hour.start_us): site_hour(site or "main", made, hour)
            for (site, hour), made in grouped.items()
        }

    def _grouped(self, field: str) -> dict[tuple[str, Hour], list[Made]]:
        groups: dict[tuple[str, Hour], list[Made]] = defaultdict(list)
        for call in self.made:
            groups[getattr(call, field), self.hour(call.site, call.at_us)].append(call)
        return groups

    def write(self, redis: "Redis", prefix: str, hint: bool = False) -> None:
        """Writes every record, the hours' sets and the marker; with `hint`, names each key on the channel too."""
        pipe = redis.pipeline()
        written: dict[str, bytes] = {}
        for (owner, hour_us), record in self.operator_hours().items():
            written[snapshot_key(prefix, "operator", owner, hour_us)] = msgspec.json.encode(record)
            pipe.sadd(hour_key(prefix, hour_us), owner)
        for (site, hour_us), rolled in self.site_hours().items():
            written[snapshot_key(prefix, "site", site, hour_us)] = msgspec.json.encode(rolled)
        for key, value in written.items():
            pipe.set(key, value, ex=48 * 3600)
            if hint:
                pipe.publish(updates_channel(prefix), key)
        pipe.set(marker_key(prefix), msgspec.json.encode(self.marker))
        pipe.execute()

    def beat(
        self,
        redis: "Redis",
        prefix: str,
        now_us: int,
        partitions: Iterable[int] | None = None,
    ) -> None:
        """A sign of life of these partitions, all by default."""
        at = format_millis(now_us)
        value = msgspec.json.encode(
            Heartbeat(
                worker="127.0.0.1:9464",
                instance_id="w1",
                at=at,
                last_flush=at,
                lag=0,
                last_fact=at,
            )
        )
        for number in range(self.marker.partitions) if partitions is None else partitions:
            redis.set(heartbeat_key(prefix, number), value, ex=30)


def holdings_of(floor: Floor, now_us: int, silent: Iterable[int] = ()) -> Holdings:
    """What a board would hold after reading this floor; `silent` partitions gave their last sign a minute ago."""
    holdings = Holdings(floor.marker.time_zone, floor.marker, read_us=now_us)
    for number in range(floor.marker.partitions):
        at = now_us - (60 if number in set(silent) else 1) * SECOND_US
        holdings.beats[number] = Beat(at, 0, at)
    for (site, hour_us), record in floor.site_hours().items():
        holdings.sites.setdefault(site, {})[hour_us] = HeldHour.of(record)
    for (owner, hour_us), mine in floor.operator_hours().items():
        holdings.glances.setdefault(hour_us, {})[owner] = Glance(owner, mine.site_id, mine.slots)
    return holdings


def believable(
    site: str,
    zone: str,
    now_us: int,
    operators: int = 38,
    hours: int = 9,
    seed: int = 7,
) -> list[Made]:
    """A working day up to now: hours of different load, a lunch dip, operators of different skill."""
    rng = random.Random(seed)
    people = [(f"{site}-o{number:02}", rng.uniform(0.6, 1.4), f"t{number % 5 + 1}") for number in range(operators)]
    made: list[Made] = []
    running = hour_at(now_us, ZoneInfo(zone))
    for back in range(hours):
        start = running.start_us - back * HOUR_US
        load = SHAPE.get(9 + (hours - 1 - back) % len(SHAPE), 0.9)
        for owner, skill, team in people:
            for _ in range(round(11 * load * skill + rng.uniform(-2, 2))):
                at = start + rng.randrange(HOUR_US)
                if at <= now_us - MINUTE_US:
                    made.append(replace(_call(rng, owner, site, at, skill), team=team, campaign=rng.choice(CAMPAIGNS)))
    return made


def _call(rng: random.Random, owner: str, site: str, at_us: int, skill: float) -> Made:
    call = Made(owner, at_us, site=site)
    if rng.random() > 0.24 * (0.7 + 0.3 * skill):
        return call
    outcome = rng.choices(OUTCOMES, (46, 20, 14, 13 * skill, 7))[0]
    call = replace(call, outcome=outcome, talk_seconds=round(rng.lognormvariate(4.6, 0.6), 1))
    if outcome != "concluded_appointments" or rng.random() > 0.6:
        return call
    extra: tuple[str, ...] = rng.choice([("honoured",), ("honoured",), ("no_shows",)])
    if "honoured" in extra and rng.random() < 0.4:
        extra += ("sales",)
    if rng.random() < 0.5:
        extra += ("judged", "forced") if rng.random() < 0.12 else ("judged",)
    return replace(call, extra=extra)
