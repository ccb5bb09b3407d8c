"""Facts of every sort for tests of what the worker publishes: produced as a dialer would, dirt included."""

from collections.abc import Iterable

import msgspec

from streams.producing import FactProducer, Outgoing
from streams.settings import Settings
from tests.golden import GoldenFact, load_golden

DEFAULT_RULE = "outcome-or-talk-20s"


def golden_mix() -> list[Outgoing]:
    """The golden sequences of the default rule and zone: corrections, moves, conflicts, voids.

    Each twice: with operators of its own, and with those that all share, whose versions then conflict.
    """
    sequences = [one for one in load_golden() if one.conversation_rule == DEFAULT_RULE and not one.site_time_zones]
    return [
        _record(fact, suffix)
        for number, golden in enumerate(sequences)
        for suffix in (f"-{number}", "")
        for fact in golden.facts
    ]


def _record(fact: GoldenFact, suffix: str) -> Outgoing:
    """The fact as it is produced; ``suffix`` makes its operator another, and leaves a wrong key wrong."""
    value = msgspec.json.decode(fact.value_bytes(stated=True))
    operator = value.get("operator_id")
    key = fact.key + suffix if fact.key == operator else fact.key
    if operator is not None:
        value["operator_id"] = operator + suffix
    return Outgoing(0, fact.topic, key.encode(), msgspec.json.encode(value))


def hostile() -> list[Outgoing]:
    """Records that are no facts, in every fact topic."""
    values = (b"\xff\xfe", None, b"[" * 3000, b'{"version": ' + b"9" * 30 + b"}", b"{}", b"x" * 70_000)
    topics = dict.fromkeys(record.topic for record in golden_mix())
    return [Outgoing(0, topic, b"o1", value) for topic in topics for value in values]


def produce(settings: Settings, records: Iterable[Outgoing]) -> None:
    """Sends records and waits until Kafka has them all."""
    with FactProducer(settings) as producer:
        for record in records:
            producer.send(record)
