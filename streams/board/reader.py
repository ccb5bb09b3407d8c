"""Reads Redis for the board: few round trips, and nothing decoded that has not changed."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from schemas.kpis import OperatorHour
from schemas.redis_keys import (
    Heartbeat,
    Marker,
    heartbeat_key,
    hour_key,
    marker_key,
    parse_snapshot_key,
    snapshot_key,
    updates_channel,
)

ANSWER_WITHIN_S = 2.0
"""Redis that takes longer than this to answer is away."""
CHUNK = 500
"""Keys per MGET: enough to save round trips, few enough not to hold up the writers."""

_MARKER = msgspec.json.Decoder(Marker)
_HEARTBEAT = msgspec.json.Decoder(Heartbeat)
_OPERATOR_HOUR = msgspec.json.Decoder(OperatorHour)

T = TypeVar("T")

SiteHourName = tuple[str, int]
"""A site-hour: the site's id and the hour's start (us)."""


def connect(url: str) -> Redis:
    """A client that tries once more, over a new connection where a kept one has died, and then fails.

    The board has its own rhythm: longer patience here would only hold up the page that has to say so.
    """
    return Redis.from_url(
        url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 1),
    )


class Reader:
    """What the board asks of Redis. Every method raises `redis.RedisError` or OSError while Redis is away."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.redis = redis
        self.prefix = prefix

    async def marker(self) -> tuple[bytes | None, Marker | None]:
        """The marker as it stands and as read; None where it is missing, or no longer what a marker is."""
        value = cast("bytes | None", await self.redis.get(marker_key(self.prefix)))
        return value, _decoded(_MARKER, value)

    async def heartbeats(self, partitions: int) -> dict[int, Heartbeat]:
        """The heartbeats that are there, by partition."""
        numbers = range(partitions)
        values = await self.read([heartbeat_key(self.prefix, number) for number in numbers])
        beats = {number: _decoded(_HEARTBEAT, value) for number, value in zip(numbers, values, strict=True)}
        return {number: beat for number, beat in beats.items() if beat is not None}

    async def site_hours(self) -> set[SiteHourName]:
        """Every site-hour that Redis holds: the one walk through all its keys, so not for every second."""
        found: set[SiteHourName] = set()
        async for key in self.redis.scan_iter(match=f"{self.prefix}dialpulse:v1:site:*", count=2000):
            parsed = parse_snapshot_key(self.prefix, key.decode("utf-8", "replace"))
            if parsed is not None:
                found.add((parsed[1], parsed[2]))
        return found

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values of many keys, in order, None where there is none."""
        values: list[bytes | None] = []
        for start in range(0, len(keys), CHUNK):
            values += cast("list[bytes | None]", await self.redis.mget(keys[start : start + CHUNK]))
        return values

    async def owners(self, hour_us: int) -> set[str]:
        """The owners that have a record in an hour."""
        members = await cast("Any", self.redis.smembers(hour_key(self.prefix, hour_us)))
        return {member.decode() for member in members}

    async def operator_hours(self, owners: Iterable[str], hour_us: int) -> list[OperatorHour]:
        """The records of these owners in an hour, in order of owner; those that have none are left out."""
        names = sorted(owners)
        values = await self.read([snapshot_key(self.prefix, "operator", owner, hour_us) for owner in names])
        records = (_decoded(_OPERATOR_HOUR, value) for value in values)
        return [record for record in records if record is not None]

    async def hints(self) -> Any:
        """A subscription to the keys that change; `decode_hint` reads its messages."""
        channel = self.redis.pubsub(ignore_subscribe_messages=True)
        await channel.subscribe(updates_channel(self.prefix))
        return channel


def decode_hint(prefix: str, message: bytes) -> list[tuple[str, str, int]]:
    """(level, id, hour in us) of the keys that a message of the channel names; anything else in it is passed over."""
    words = message.decode("utf-8", "replace").split()
    parsed = (parse_snapshot_key(prefix, word) for word in words)
    return [key for key in parsed if key is not None]


def _decoded(decoder: "msgspec.json.Decoder[T]", value: bytes | None) -> T | None:
    # A value that is not ours, or of a later version, is treated as missing: the wall then says that it is stale.
    try:
        return None if value is None else decoder.decode(value)
    except msgspec.MsgspecError:
        return None
