"""How soon a fact is in Redis, at an ordinary rate and while one page or one hour grows huge."""

import json
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from processors.times import HOUR_US
from schemas.facts import Call
from schemas.redis_keys import heartbeat_key, parse_snapshot_key, updates_channel
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.settings import Settings
from tests.integration.pipeline_rig import (
    APPOINTMENTS,
    CONVERSATIONS,
    Source,
    ago,
    at,
    call,
    fact,
    fresh,
    metric,
    metrics,
    reconciled,
    redis_of,
    wait_for,
)
from tests.workers import Worker, running_worker, waited_s

RATE = 200
SECONDS = 10
OPERATORS = 40
ALLOWED_S = 10.0
"""The most that a busy machine may add to a delay."""
PROBES_A_SECOND = 5


class Watch:
    """Follows Redis' channel of updates: when each operator's number of calls came to be in Redis.

    ``sent``: when the n-th call of an operator was handed to the producer (epoch seconds), by (operator, n).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = redis_of(settings)
        self._ending = threading.Event()
        self._seen: dict[str, int] = {}
        self.sent: dict[tuple[str, int], float] = {}
        self.delays: list[float] = []

    @contextmanager
    def following(self, operators: Iterable[str]) -> Iterator["Watch"]:
        """Follows these operators meanwhile."""
        self._seen = dict.fromkeys(operators, 0)
        channel = self._client.pubsub(ignore_subscribe_messages=True)
        channel.subscribe(updates_channel(self._settings.prefix))
        thread = threading.Thread(target=self._follow, args=(channel,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            thread.join(10)
            channel.close()

    def _follow(self, channel: Any) -> None:
        while not self._ending.is_set():
            message = channel.get_message(timeout=0.1)
            for key in [] if message is None else message["data"].decode().split():
                parsed = parse_snapshot_key(self._settings.prefix, key)
                if parsed is not None and parsed[0] == "operator" and parsed[1] in self._seen:
                    self._look(parsed[1], key)

    def _look(self, operator: str, key: str) -> None:
        value = self._client.get(key)
        calls = json.loads(value)["counts"]["calls"] if value else 0
        now = time.time()
        for number in range(self._seen[operator] + 1, calls + 1):
            self.delays.append(now - self.sent[operator, number])
        self._seen[operator] = max(calls, self._seen[operator])

    def send(self, source: Source, operator: str, started_at: str) -> None:
        """Hands over the operator's next call."""
        number = 1 + sum(1 for _ in self._numbers(operator))
        self.sent[operator, number] = time.time()
        source.send(call(f"{operator} {number}", started_at, operator_id=operator, team_id="t1", site_id="lyon"))

    def _numbers(self, operator: str) -> Iterator[int]:
        number = 1
        while (operator, number) in self.sent:
            yield number
            number += 1


def _told(what: str, delays: list[float]) -> str:
    ranked = sorted(delays)
    middle, late = statistics.median(ranked), ranked[int(len(ranked) * 0.99)]
    return (
        f"{what}: {len(ranked)} facts, in Redis after {middle:.3f} s (median), {late:.3f} (p99), {ranked[-1]:.3f} (max)"
    )


def test_a_fact_is_in_redis_within_a_second_at_an_ordinary_rate(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """200 facts a second of forty operators: the median time from handing over to Redis is under a second."""
    settings = fresh(stack)
    operators = [f"o{number}" for number in range(OPERATORS)]
    started_at = ago(30)
    with running_worker(settings, tmp_path_factory.mktemp("speed")):
        watch, source = Watch(settings), Source(settings)
        with watch.following(operators):
            began = time.monotonic()
            for number in range(RATE * SECONDS):
                time.sleep(max(0.0, began + number / RATE - time.monotonic()))
                watch.send(source, operators[number % OPERATORS], started_at)
            source.flush()
            wait_for(lambda: len(watch.delays) == RATE * SECONDS)
    print(_told(f"{RATE} facts a second", watch.delays))
    assert statistics.median(watch.delays) < 1


@pytest.fixture(scope="module")
def crowded(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Worker]]:
    """A worker for what is crowded."""
    settings = fresh(stack)
    with running_worker(settings, tmp_path_factory.mktemp("crowded")) as worker:
        yield settings, worker


def _facts_of_one_operator(started_s: float) -> Iterator[Outgoing]:
    """100,000 facts of one operator, all in the hour that begins then, as of a dialer that loops.

    Every eighteenth call ends in an appointment, which its conversation and a fact that names the call both tell of.
    """
    for number in range(90_000):
        started_at = at(started_s + number * 3600 / 90_000)
        said = {"operator_id": "looping", "campaign_id": "autumn"}
        yield call(f"l{number}", started_at, answered_at=started_at if number % 3 == 0 else None, **said)
        if number % 18 == 0:
            told = {"call_id": f"l{number}", "call_started_at": started_at} | said
            yield fact(CONVERSATIONS, outcome="appointment", **told)
            yield fact(APPOINTMENTS, appointment_id=f"a{number}", booked_at=started_at, **told)


def _operators(started_s: float) -> Iterator[Outgoing]:
    """A call of each of 20,000 operators, all in the hour that begins then."""
    for number in range(20_000):
        started_at = at(started_s + number * 3600 / 20_000)
        yield call(f"c{number}", started_at, operator_id=f"p{number}", team_id=f"t{number // 200}", site_id="lyon")


def _slow_flushes(worker: Worker) -> float:
    samples = metrics(worker.address)
    return metric(samples, "dialpulse_flush_seconds_count") - metric(
        samples, "dialpulse_flush_seconds_bucket", le="2.0"
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("crowd", [_facts_of_one_operator, _operators])
def test_no_crowd_holds_up_other_operators(crowded: tuple[Settings, Worker], crowd: Any) -> None:
    """One huge page, and one huge hour: no flush over 2 s, and another operator's facts in Redis within 2 s."""
    settings, worker = crowded
    name = crowd.__name__.strip("_")
    hour_s = time.time() // 3600 * 3600 - 2 * HOUR_US / 1e6
    started_at, probe = ago(30), f"probe of {name}"
    watch, source = Watch(settings), Source(settings)
    slow_before, waited_before = _slow_flushes(worker), waited_s(worker.process.pid)
    with watch.following([probe]):
        done = threading.Event()
        pouring = threading.Thread(target=_pour, args=(settings, crowd(hour_s), done))
        pouring.start()
        began = time.monotonic()
        while not done.is_set() or _lag(settings) > 0 or time.monotonic() - began < 5:
            watch.send(source, probe, started_at)
            time.sleep(1 / PROBES_A_SECOND)
        pouring.join()
        source.flush()
        wait_for(lambda: len(watch.delays) == len(watch.sent))
    lasted, waited = time.monotonic() - began, waited_s(worker.process.pid) - waited_before
    slow = _slow_flushes(worker) - slow_before
    print(_told(f"beside many {name} ({lasted:.1f} s)", watch.delays), f"; {slow:.0f} flushes over 2 s")
    print(f"of which the worker waited {waited:.1f} s for a processor that others had")
    reconciled(settings)
    # The promise is for a machine of its own. Where others take the processor, Kafka and Redis wait for it as well; but
    # no machine that these tests are for is so busy that the allowance may grow without end.
    allowance, slower = min(2 * waited, ALLOWED_S), _slower()
    print(f"this machine decodes {slower:.1f} times more slowly than the one that the promise was measured on")
    assert max(watch.delays) < 2 * slower + allowance, sorted(watch.delays)[-5:]
    assert slow <= (1 if waited > 1 or slower > 1.5 else 0)


def _slower() -> float:
    """How many times longer than on the machine of the promise (0.4 us) a fact's bare decoding takes here, at least 1.

    The least of many short runs: what else the machine does at the moment is the allowance's to tell.
    """
    said = ago(30)
    more = {
        "operator_id": "o1",
        "campaign_id": "autumn",
        "team_id": "t1",
        "site_id": "lyon",
        "lead_id": "l1",
        "attempt": 1,
    }
    fact = call("c1", said, answered_at=said, ended_at=said, answered_by="human", talk_seconds=84.5, **more)
    decode, value = msgspec.json.Decoder(Call).decode, fact.value
    runs = []
    for _ in range(200):
        began = time.perf_counter()
        for _ in range(100):
            decode(value)
        runs.append((time.perf_counter() - began) / 100)
    return max(1.0, min(runs) / 0.4e-6)


def _pour(settings: Settings, records: Iterable[Outgoing], done: threading.Event) -> None:
    source = Source(settings)
    for record in records:
        source.send(record)
    source.flush()
    done.set()


def _lag(settings: Settings) -> int:
    """Facts not yet taken, as the heartbeats tell it: scraping the worker again and again would be a load by itself."""
    client = redis_of(settings)
    beats = client.mget([heartbeat_key(settings.prefix, number) for number in range(settings.partitions)])
    return sum(json.loads(beat)["lag"] if beat else 1 for beat in beats)
