"""Kafka: reachable, its version, and how far this machine's clock is from its own."""

import time
import uuid
from collections.abc import Iterator

from kafka.errors import KafkaError

from schemas.rights import CLOCK_TOPIC, roles
from streams.broker.clients import open_admin, open_producer
from streams.broker.refusals import principal
from streams.broker.rights import lacking, words
from streams.doctor.findings import Finding, ok, problem, warn
from streams.settings import Settings

PROVEN = (4, 0)
"""The oldest broker on which the lease was tried."""
AHEAD_S, BEHIND_S, NOTICEABLE_S = 1.0, 2.0, 0.3
"""A worker's clock this far ahead of the broker's has its records refused; this far behind shortens its lease."""


def broker(settings: Settings) -> Iterator[Finding]:
    """Whether Kafka answers, and which one it is."""
    admin = open_admin(settings)
    try:
        brokers = admin.describe_cluster()["brokers"]
        found: tuple[int, ...] = admin.get_broker_version_data(brokers[0]["broker_id"]).broker_version
    finally:
        admin.close()
    text = ".".join(map(str, found))
    count = f"{len(brokers)} broker{'s' if len(brokers) > 1 else ''}"
    yield ok("broker", f"Kafka {text} at {settings.kafka}, {count}")
    if found < PROVEN:
        yield warn(
            "broker", f"Kafka {text} is older than {PROVEN[0]}.{PROVEN[1]}", "update it; leases were tried there"
        )
    if len(brokers) < settings.replication:
        yield problem(
            "broker",
            f"DIALPULSE_REPLICATION={settings.replication} with {count}",
            "add brokers, or set a lower number before the topics are made",
        )


def rights(settings: Settings) -> Iterator[Finding]:
    """For which roles this user's rights are enough, as the broker tells them."""
    admin = open_admin(settings)
    try:
        lacks = {role: lacking(settings, admin, role) for role in roles()}
    finally:
        admin.close()
    enough = [role for role, missing in lacks.items() if not missing]
    text = f"{principal(settings)} has those of {', '.join(enough) or 'no role'}"
    remedy = "see docs/security.md, if it is to be that"
    if lacks["worker"]:
        yield warn("rights", f"{text}; for a worker, {words(settings, lacks['worker'])}", remedy)
    else:
        yield ok("rights", text)


def clock(settings: Settings) -> Iterator[Finding]:
    """The broker's stamp on a record beside this machine's clock; the record's topic is made for it, and deleted."""
    name = settings.topic(f"{CLOCK_TOPIC}{uuid.uuid4().hex[:8]}")
    admin = open_admin(settings)
    try:
        stamped = {"message.timestamp.type": "LogAppendTime"}
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1, "configs": stamped}})
        try:
            yield judged_skew(*_measured(settings, name))
        finally:
            admin.delete_topics([name])
    except KafkaError as error:
        yield warn("clock", f"not compared with the broker's ({error})", "allow the doctor a topic (docs/security.md)")
    finally:
        admin.close()


def _measured(settings: Settings, topic: str) -> tuple[float, float]:
    """(by how much this clock is ahead of the broker's, how exact that is), seconds; the best of several tries."""
    producer = open_producer(settings, linger_ms=0)
    tries = []
    try:
        for _ in range(4):
            before = time.time()
            stamp = producer.send(topic, b"tick").get(timeout=10).timestamp / 1000
            after = time.time()
            tries.append(((before + after) / 2 - stamp, (after - before) / 2))
    finally:
        producer.close()
    return min(tries, key=lambda found: found[1])


def judged_skew(ahead: float, margin: float) -> Finding:
    """A verdict on a skew; only what lies beyond the margin of measuring counts."""
    how = f"this machine's clock is {abs(ahead):.2f} s {'ahead of' if ahead > 0 else 'behind'} the broker's"
    surely = max(0.0, abs(ahead) - margin)
    if surely > (AHEAD_S if ahead > 0 else BEHIND_S):
        return problem("clock", how, "set both by NTP: a worker here would have its records refused")
    if surely > NOTICEABLE_S:
        return warn("clock", how, "set both by NTP")
    return ok("clock", how)
