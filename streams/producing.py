"""One way into Kafka for every made-up or replayed fact: idempotent, acknowledged by all, every delivery looked at."""

import contextlib
import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka.errors import KafkaError

from schemas.rights import WRITE
from streams.broker.clients import open_producer
from streams.broker.rights import insist_on_topics
from streams.errors import UserError
from streams.settings import Settings

IN_FLIGHT = 20_000
"""Facts on their way at most: beyond it the source waits for Kafka, so that memory stays bounded."""

OPTIONS = {
    "enable_idempotence": True,
    # Facts may be as large as their topics take, hostile ones in tests too; room for the record's own frame.
    "max_request_size": 2 * 1024 * 1024,
    "batch_size": 256 * 1024,
    "linger_ms": 20,
    "max_block_ms": 10_000,
}

_PATIENCE_SECONDS = 60.0


class Outgoing(NamedTuple):
    """One record to send: ``due_us`` is when its source says it, ``topic`` its name in the registry.

    ``key`` and ``value`` are None where the record has none; ``mark`` is the sender's own word for counting.
    """

    due_us: int
    topic: str
    key: bytes | None
    value: bytes | None
    mark: str = ""


class FactProducer:
    """Sends records in order; a failed delivery ends it with a UserError (exit code 1) at the next call.

    The key is the owner, and kafka-python's own partitioner puts it where Kafka's Java client does (murmur2).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._sent = 0
        self._settled = 0
        self._failure: str | None = None
        self._kafka: Any = open_producer(settings, **OPTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            with contextlib.suppress(KafkaError):
                self._kafka.close(timeout=5)

    @property
    def delivered(self) -> int:
        """Records that Kafka has acknowledged so far."""
        return self._settled

    def require(self, topics: Iterable[str]) -> None:
        """UserError where one of these topics of the registry is not there, before anything is sent."""
        insist_on_topics(self._settings, topics, WRITE)

    def send(self, record: Outgoing) -> None:
        """Hands one record over; waits while too many are on their way."""
        self._wait_until_settled(but=IN_FLIGHT)
        try:
            future = self._kafka.send(self._settings.topic(record.topic), key=record.key, value=record.value)
        except KafkaError as error:
            raise UserError(self._undelivered(error), exit_code=1) from None
        self._sent += 1
        future.add_both(self._settle, record)

    def flush(self) -> None:
        """Returns once Kafka has acknowledged everything sent; UserError where it has not within a minute."""
        try:
            self._kafka.flush(timeout=_PATIENCE_SECONDS)
        except KafkaError as error:
            raise UserError(self._undelivered(error), exit_code=1) from None
        # Callbacks run just after the flush sees its batches done.
        self._wait_until_settled(but=0)

    def _wait_until_settled(self, but: int) -> None:
        """Returns once at most ``but`` records are on their way."""
        if self._sent - self._settled > but:
            give_up = time.monotonic() + _PATIENCE_SECONDS
            while self._failure is None and self._sent - self._settled > but // 2:
                if time.monotonic() > give_up:
                    raise UserError(self._undelivered("no answer in time"), exit_code=1)
                time.sleep(0.001)
        self._raise_failure()

    def _settle(self, record: Outgoing, outcome: object) -> None:
        with self._lock:
            if not isinstance(outcome, BaseException):
                self._settled += 1
            elif self._failure is None:
                self._failure = f"{self._settings.topic(record.topic)}: {outcome}"

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise UserError(self._undelivered(self._failure), exit_code=1)

    def _undelivered(self, why: object) -> str:
        done = f"{self._settled} of {self._sent} records are in"
        return f"Kafka at {self._settings.kafka} did not take a fact ({why}; {done}): see dialpulse doctor"


def now_us() -> int:
    """The wall clock in microseconds since the epoch."""
    return time.time_ns() // 1000
