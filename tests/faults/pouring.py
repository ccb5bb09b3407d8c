"""Produces hard facts at a steady rate while faults land; every one is delivered in the end, some of them twice."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaException, Producer

from tests.faults.hard_facts import HardFacts, Shot

MOST_IN_FLIGHT = 20_000


class Pouring:
    """A source of facts in a thread of its own. ``rate``: facts a second."""

    def __init__(self, kafka: str, topic: Callable[[str], str], facts: HardFacts, rate: float) -> None:
        self._kafka = kafka
        self._topic = topic
        self._facts = facts
        self._rate = rate
        self._again: deque[Shot] = deque()
        self._ending = threading.Event()
        self._producer = self._new_producer()
        self._thread = threading.Thread(target=self._pour, name="pouring", daemon=True)
        self._in_flight = 0
        self.delivered = 0
        self.failure: BaseException | None = None

    def _new_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._kafka,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 20,
                "message.max.bytes": 1_500_000,
                "message.timeout.ms": 60_000,
                "topic.metadata.refresh.interval.ms": 2000,
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def finish(self, within_s: float = 180.0) -> int:
        """Ends and gives how many records Kafka has taken; raises what went wrong, or TimeoutError."""
        self._ending.set()
        give_up = time.monotonic() + within_s
        self._thread.join(10)
        while (self._in_flight or self._again) and time.monotonic() < give_up:
            self._send_again()
            self._producer.poll(0.1)
        if self.failure is not None:
            raise self.failure
        if self._in_flight or self._again:
            raise TimeoutError(f"Kafka did not take {self._in_flight + len(self._again)} facts within {within_s:.0f} s")
        return self.delivered

    def _pour(self) -> None:
        began, sent = time.monotonic(), 0
        try:
            for shot in self._facts.shots(time.time):
                while self._in_flight > MOST_IN_FLIGHT and not self._ending.is_set():
                    self._producer.poll(0.1)
                self._send_again()
                self._send(shot)
                sent += 1
                self._producer.poll(0)
                ahead = sent / self._rate - (time.monotonic() - began)
                if ahead < -5:  # after an outage: no burst beyond the rate
                    began -= ahead
                if self._ending.wait(max(0.0, ahead) if sent % 20 == 0 else 0):
                    return
        except BaseException as failure:  # noqa: BLE001 - told by `finish`
            self.failure = failure

    def _send_again(self) -> None:
        for _ in range(len(self._again)):
            self._send(self._again.popleft())

    def _send(self, shot: Shot) -> None:
        where: dict[str, Any] = {} if shot.partition is None else {"partition": shot.partition}
        headers = [("expected", shot.expected.encode())]

        def delivered(error: Any, message: Any) -> None:
            self._in_flight -= 1
            if error is None:
                self.delivered += 1
            else:
                self._again.append(shot)

        while True:
            try:
                self._producer.produce(
                    self._topic(shot.topic),
                    key=shot.key,
                    value=shot.value,
                    headers=headers,
                    on_delivery=delivered,
                    **where,
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException:  # a fatal error of this producer: what it holds fails, and is sent again
                self._producer.flush(1)
                self._producer = self._new_producer()
            else:
                self._in_flight += 1
                return
