"""Kills, stops and a lost Redis in the midst of live input: afterwards every number is right, everywhere."""

import json
import time
from datetime import datetime
from itertools import pairwise, takewhile
from pathlib import Path
from random import Random

import pytest

from streams.local import LocalStack
from streams.producing import Outgoing
from streams.settings import Settings
from streams.simulator.floor import facts
from streams.simulator.plan import Plan
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    Source,
    ago,
    assert_redis_equals_topics,
    bodies,
    call,
    calls_in_turn,
    fresh,
    hour_of,
    log,
    pouring,
    reconciled,
    redis_down,
    redis_of,
    wait_for,
)
from tests.workers import Worker, running_worker

RATE = 300
OPERATORS = 160
REDIS_AWAY_S = 20
KILLS = 3


def _floor() -> list[Outgoing]:
    """Three hours of many operators, in no order: corrections and duplicates among them."""
    now_us = int(time.time() * 1_000_000)
    plan = Plan("r", 7, OPERATORS, ("lyon", "nantes"), now_us - 10_800_000_000, now_us)
    said = list(takewhile(lambda record: record.due_us < now_us, facts(plan)))
    Random(7).shuffle(said)
    return said


def _restarted(settings: Settings, folder: Path) -> Worker:
    worker = Worker(settings, folder)
    worker.wait_until_ready()
    return worker


@pytest.mark.timeout(240)
def test_kills_and_a_lost_redis_leave_no_wrong_number(stack: LocalStack, tmp_path: Path) -> None:
    """Three times kill -9, Redis away for 20 s and then emptied, all under load: 0 differences in hundreds of keys."""
    settings = fresh(stack)
    with running_worker(settings, tmp_path) as first, pouring(settings, _floor(), RATE) as source:
        worker = first
        with redis_down(stack):
            away_since = time.monotonic()
            for _ in range(KILLS):
                time.sleep(2)
                worker.kill()
                worker = _restarted(settings, tmp_path)
            time.sleep(max(0.0, REDIS_AWAY_S - (time.monotonic() - away_since)))
        time.sleep(3)
        redis_of(settings).flushall()
        time.sleep(3)
        delivered = len(source.flush())
    try:
        assert delivered > RATE * REDIS_AWAY_S / 2
        report = reconciled(settings)
        assert sum(counter.total() for counter in report.facts.values()) >= delivered
        assert assert_redis_equals_topics(settings) >= 500
        assert report.redis_keys >= 500
    finally:
        worker.stop()


@pytest.mark.timeout(180)
def test_a_stop_under_load_loses_nothing_and_the_other_worker_takes_over_at_once(
    stack: LocalStack, tmp_path: Path
) -> None:
    """SIGTERM: the worker writes and commits, leaves with 0, and the rest of the group has its partitions."""
    settings = fresh(stack)
    with running_worker(settings, tmp_path) as staying:
        leaving = _restarted(settings, tmp_path)
        wait_for(lambda: staying.share() == leaving.share() == settings.partitions // 2)
        with pouring(settings, calls_in_turn(40), RATE):
            time.sleep(3)
            assert leaving.stop() == 0
            time.sleep(6)
        report = reconciled(settings)
        assert staying.share() == settings.partitions
    assert set(report.facts["dialer.calls.v1"]) == {"accepted"}
    gap = _longest_silence(settings)
    print(f"the longest that a partition stood still at the take-over: {gap:.2f} s")
    # Had it not left by itself, the group would have waited for the session to end.
    assert gap < settings.session_timeout / 2


def _longest_silence(settings: Settings) -> float:
    """The longest time, in seconds, between two records of one partition of the operator-hour topic."""
    times: dict[int, list[float]] = {}
    for message in log(settings, OPERATOR_HOURS):
        # Not the record's own stamp: that is a proof of membership, and older.
        written = datetime.fromisoformat(json.loads(message.value())["emitted_at"])
        times.setdefault(message.partition(), []).append(written.timestamp())
    assert len(times) == settings.partitions
    return max(later - earlier for each in times.values() for earlier, later in pairwise(each))


def test_repeated_facts_change_nothing_after_a_crash(stack: LocalStack, tmp_path: Path) -> None:
    """What was known before a kill -9 is known after it: the same facts again are duplicates."""
    settings, started_at = fresh(stack), ago(60)
    records = [call(f"c{number}", started_at, operator_id=f"o{number % 7}") for number in range(700)]
    with running_worker(settings, tmp_path) as worker:
        source = Source(settings)
        for record in records:
            source.send(record)
        source.flush()
        reconciled(settings)
        before = {key: record.revision for key, record in bodies(settings, OPERATOR_HOURS).items()}
        worker.kill()
    with running_worker(settings, tmp_path):
        for record in records:
            source.send(record)
        source.flush()
        report = reconciled(settings)
        after = bodies(settings, OPERATOR_HOURS)
    assert report.facts["dialer.calls.v1"] == {"accepted": 700, "duplicate": 700}
    assert {key: record.revision for key, record in after.items()} == before
    assert {record.counts.calls for record in after.values()} == {100}
    assert {key.rpartition("|")[2] for key in after} == {hour_of(started_at)}
