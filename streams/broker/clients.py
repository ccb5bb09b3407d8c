"""Clients of Kafka for all commands: opened by one way, through a door that was tried before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError

from streams.broker.door import knock
from streams.broker.refusals import refusal
from streams.settings import Settings

REACH_WITHIN_MS = 10_000


def open_admin(settings: Settings) -> Any:
    """Asks for topics, groups and their settings. Raises UserError where Kafka does not let this user in."""
    return _opened(KafkaAdminClient, settings, {})


def open_consumer(settings: Settings, **options: Any) -> Any:
    """Reads partitions by assignment, without a group. Raises UserError where Kafka does not let this user in."""
    usual = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "allow_auto_create_topics": False}
    return _opened(KafkaConsumer, settings, usual | options)


def open_producer(settings: Settings, **options: Any) -> Any:
    """Writes, acknowledged by all. Raises UserError where Kafka does not let this user in."""
    return _opened(KafkaProducer, settings, {"acks": "all", "allow_auto_create_topics": False} | options)


@contextmanager
def told(settings: Settings) -> Iterator[None]:
    """Whatever Kafka refuses in here becomes a UserError that says what to do."""
    try:
        yield
    except KafkaError as error:
        raise refusal(settings, error) from None


def _opened(kind: Any, settings: Settings, options: dict[str, Any]) -> Any:
    knock(settings)
    with told(settings):
        return kind(**settings.kafka_python(), bootstrap_timeout_ms=REACH_WITHIN_MS, **options)
