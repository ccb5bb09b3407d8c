"""How soon a fact is in its KPI topic and in Redis, from the moment it is handed to a producer."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import Producer

from schemas.redis_keys import parse_snapshot_key, updates_channel
from tests.bench.ours import OPERATOR_HOURS, job
from tests.bench.programs import SLOW_S
from tests.bench.stage import Reader, Stage, wait

RATES = (200, 2_000, 10_000)
SECONDS = 40
WARM_UP_SECONDS = 12
OPERATORS = 2_000
PROBED = 50
"""Operators whose facts are timed: all facts would make the watching the heaviest load of all."""
TICK_S = 0.01


@dataclass
class Watch:
    """When each probed operator's number of calls grew, against when the calls were handed over."""

    sent: dict[str, list[float]]
    seen: dict[str, int] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)

    def at(self, operator: str, record: bytes, now: float) -> None:
        """A record of a probed operator came."""
        calls, before = json.loads(record)["counts"]["calls"], self.seen.get(operator, 0)
        self.delays += [now - sent for sent in self.sent[operator][before:calls]]
        self.seen[operator] = max(before, calls)

    @property
    def is_whole(self) -> bool:
        """Everything that was handed over has been seen."""
        return len(self.delays) == sum(map(len, self.sent.values()))

    def percentile(self, share: float) -> float:
        """The delay that so many do not exceed, in seconds."""
        return sorted(self.delays)[min(len(self.delays) - 1, int(len(self.delays) * share))]


def measure(stage: Stage, rate: int, seconds: int = SECONDS, count: int | None = None) -> tuple[Watch, Watch]:
    """The delays to the KPI topic and to Redis at so many facts a second, of so many operators in turn."""
    operators = [f"op-{number:05d}" for number in range(count or min(OPERATORS, rate))]
    sent: dict[str, list[float]] = {name: [] for name in operators[:: max(1, len(operators) // PROBED)]}
    topic, redis = Watch(sent), Watch(sent)
    stage.empty(keep=())
    stage.say(f"{rate:,} facts a second for {seconds} s")
    with job(stage), _running(_follow_topic, stage, topic), _running(_follow_redis, stage, redis):
        _send(stage, operators, sent, rate, seconds)
        wait(lambda: topic.is_whole and redis.is_whole, "some facts were not published", SLOW_S)
    return topic, redis


@contextmanager
def _running(follow: Callable[[Stage, Watch, threading.Event, threading.Event], None], stage: Stage, watch: Watch):
    ready, ending = threading.Event(), threading.Event()
    thread = threading.Thread(target=follow, args=(stage, watch, ready, ending), daemon=True)
    thread.start()
    ready.wait(SLOW_S)
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _follow_topic(stage: Stage, watch: Watch, ready: threading.Event, ending: threading.Event) -> None:
    with Reader(stage.kafka, "bench-latency") as reader:
        reader.follow(stage.settings.topic(OPERATOR_HOURS), stage.settings.partitions)
        ready.set()
        while not ending.is_set():
            for message in reader.client.consume(1000, 0.005):
                operator = message.key().decode().partition("|")[0]
                if operator in watch.sent:
                    watch.at(operator, message.value(), time.time())


def _follow_redis(stage: Stage, watch: Watch, ready: threading.Event, ending: threading.Event) -> None:
    prefix = stage.settings.prefix
    channel = stage.redis.pubsub(ignore_subscribe_messages=True)
    channel.subscribe(updates_channel(prefix))
    ready.set()
    while not ending.is_set():
        message = channel.get_message(timeout=0.1)
        for key in [] if message is None else message["data"].decode().split():
            parsed = parse_snapshot_key(prefix, key)
            if parsed is not None and parsed[0] == "operator" and parsed[1] in watch.sent:
                watch.at(parsed[1], stage.redis.get(key), time.time())
    channel.close()


def _send(stage: Stage, operators: list[str], sent: dict[str, list[float]], rate: int, seconds: int) -> None:
    producer = Producer({"bootstrap.servers": stage.kafka, "partitioner": "murmur2_random", "linger.ms": 1})
    # All in one hour, so that an operator's calls are one number.
    started_at = datetime.fromtimestamp(time.time() // 3600 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    began, number = time.monotonic(), 0
    while number < rate * seconds:
        due = min(rate * seconds, int((time.monotonic() - began) * rate))
        batch = []
        for one in range(number, due):
            operator = operators[one % len(operators)]
            value = (
                f'{{"call_id":"c-{one:09d}","operator_id":"{operator}","team_id":"team-{one % 40:02d}",'
                f'"site_id":"lyon","campaign_id":"autumn-{one % 20:02d}","started_at":"{started_at}",'
                f'"ended_at":"{started_at}","answered_by":"unknown","talk_seconds":0.0,"version":0}}'
            )
            batch.append({"key": operator.encode(), "value": value.encode()})
            if operator in sent:
                sent[operator].append(time.time())
        if batch:
            producer.produce_batch(stage.source, batch)
        producer.poll(0)
        number = due
        time.sleep(TICK_S)
    producer.flush(60)
