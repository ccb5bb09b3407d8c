"""Redis: reachable, filled under these settings, keeping what it is given, with signs of life of every partition."""

from collections.abc import Iterator
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from processors.times import SECOND_US, parse_time
from schemas.redis_keys import HEARTBEAT_LIFE_S, Heartbeat, Marker, heartbeat_key, marker_key
from streams.doctor.findings import Finding, ok, problem, warn
from streams.settings import Settings

ANSWER_WITHIN_S = 3.0
OLD_BEAT_S = 5.0
NEARLY_FULL = 0.9

START_ONE = "start one with dialpulse worker; if one runs, look at its log"


def connected(settings: Settings) -> Any:
    """A client that fails at once."""
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


def server(settings: Settings) -> Iterator[Finding]:
    """Its version, memory policy and persistence."""
    with connected(settings) as client:
        found = client.info()
    yield ok("redis", f"{found.get('server_name', 'redis')} {found['redis_version']} answers")
    if found.get("role") not in ("master", None):
        yield problem("redis", f"is a {found['role']} and takes no writes", "set DIALPULSE_REDIS_URL to its master")
    policy, most, used = found.get("maxmemory_policy"), found.get("maxmemory", 0), found["used_memory"]
    if most and policy != "noeviction":
        yield problem(
            "redis", f"may drop records when it is full (maxmemory-policy {policy})", "set maxmemory-policy noeviction"
        )
    elif most and used > NEARLY_FULL * most:
        yield warn("redis", f"{used / most:.0%} of its memory is used", "raise maxmemory: full, it takes no records")
    else:
        yield ok("redis", f"{used / 2**20:.0f} MiB used, policy {policy}")
    kept = "with an append-only file" if found.get("aof_enabled") else "without an append-only file"
    yield ok("redis", f"{kept}; what it loses is written again, whatever it keeps")


def marker(settings: Settings) -> Iterator[Finding]:
    """Whether it was filled, and under these settings."""
    with connected(settings) as client:
        value = client.get(marker_key(settings.prefix))
    if value is None:
        yield problem("marker", "Redis was never filled, or has come back empty", START_ONE)
        return
    standing = msgspec.json.decode(value, type=Marker)
    names = ("partitions", "time_zone", "site_time_zones", "conversation_rule", "generation")
    unlike = [name for name in names if getattr(settings, name) != getattr(standing, name)]
    for name in unlike:
        text = f"DIALPULSE_{name.upper()}={getattr(settings, name)}, and the worker has {getattr(standing, name)}"
        yield problem("marker", text, "give both the same settings")
    if not unlike:
        yield ok("marker", "Redis was filled under these settings")


def heartbeats(settings: Settings, now_us: int) -> Iterator[Finding]:
    """A sign of life of every partition, and how old it is; ``now_us`` is the present, microseconds."""
    with connected(settings) as client:
        values = client.mget([heartbeat_key(settings.prefix, number) for number in range(settings.partitions)])
    silent = [str(number) for number, value in enumerate(values) if value is None]
    if silent:
        which = "any partition" if len(silent) == settings.partitions else f"partition {', '.join(silent)}"
        yield problem("heartbeat", f"no sign of life of {which} for {HEARTBEAT_LIFE_S} s", START_ONE)
    by_worker: dict[str, list[tuple[int, float]]] = {}
    for number, value in enumerate(values):
        if value is not None:
            beat = msgspec.json.decode(value, type=Heartbeat)
            age = (now_us - parse_time(beat.at)) / SECOND_US
            by_worker.setdefault(f"{beat.instance_id} at {beat.worker}", []).append((number, age))
    for worker, beats in sorted(by_worker.items()):
        oldest = max(age for _, age in beats)
        which = ", ".join(str(number) for number, _ in beats)
        text = f"{worker}: partitions {which}, {max(oldest, 0.0):.1f} s old at most"
        if oldest > OLD_BEAT_S:
            yield warn("heartbeat", text, "the worker is held up or its clock is behind; look at its log")
        else:
            yield ok("heartbeat", text)
