"""All checks in the order in which their failures explain one another."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from pydantic_settings import DotEnvSettingsSource

from streams.doctor import broker, host, pipeline, redis_server
from streams.doctor.findings import Finding, Level, attempted, warn
from streams.settings import Settings

Check = Callable[[Settings], Iterable[Finding]]

_IN_KAFKA: tuple[tuple[str, Check], ...] = (
    ("rights", broker.rights),
    ("clock", broker.clock),
    ("topics", pipeline.topics_and_leases),
    ("generation", pipeline.definition),
    ("lag", pipeline.lag),
    ("rejected", pipeline.rejections),
)
_IN_REDIS: tuple[tuple[str, Check], ...] = (
    ("marker", redis_server.marker),
    ("heartbeat", lambda settings: redis_server.heartbeats(settings, time.time_ns() // 1000)),
)
LOOK = "look at the broker's log, and run this again"


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, as it is made. Nothing that is missing raises: it is a finding, and the rest goes on."""
    yield from host.hot_path()
    yield from host.unknown_settings([*os.environ, *DotEnvSettingsSource(Settings).env_vars])
    yield from attempted("zone", "install tzdata", lambda: host.zones(settings, datetime.now(UTC)))
    remedy = f"start Kafka at {settings.kafka}, with dialpulse local for instance, or set DIALPULSE_KAFKA"
    yield from _standing_on(settings, ("broker", broker.broker), remedy, _IN_KAFKA)
    remedy = "start Redis, with dialpulse local for instance, or correct DIALPULSE_REDIS_URL"
    yield from _standing_on(settings, ("redis", redis_server.server), remedy, _IN_REDIS)


def _standing_on(
    settings: Settings, ground: tuple[str, Check], remedy: str, checks: Iterable[tuple[str, Check]]
) -> Iterator[Finding]:
    """One check, and those that make no sense where nobody answered it."""
    subject, first = ground
    answers = list(attempted(subject, remedy, lambda: first(settings)))
    yield from answers
    if answers[0].level is Level.PROBLEM:
        names = ", ".join(name for name, _ in checks)
        yield warn(subject, f"not looked at: {names}", "put the problem above right, and run this again")
        return
    for name, check in checks:
        yield from attempted(name, LOOK, lambda check=check: check(settings))  # type: ignore[misc]
