"""The order in which facts arrive, how often, and what was said before them: it changes no record."""

import json
import time
from itertools import takewhile
from random import Random

import pytest

from schemas.kpis import KPI_TYPES, Counts
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.settings import Settings
from streams.simulator.floor import facts
from streams.simulator.plan import Plan
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    ROLL_UP_TOPICS,
    bodies,
    fresh,
    kept,
    reconciled,
    send,
    unstamped,
)
from tests.workers import running_worker

NO_FINALS = 86_400
"""A grace under which no hour of today is final while the test runs: finals depend on the clock alone."""


def _floor() -> list[Outgoing]:
    """Two hours of a floor with corrections, voids, appointments and sales; versions leave room between them."""
    now_us = int(time.time() * 1_000_000)
    plan = Plan("r", 5, 24, ("lyon", "nantes"), now_us - 7_200_000_000, now_us, duplicates=0)
    return [_spaced(record) for record in takewhile(lambda record: record.due_us < now_us, facts(plan))]


def _spaced(record: Outgoing) -> Outgoing:
    value = json.loads(record.value or b"")
    value["version"] = 2 * value.get("version", 0) + 1
    return record._replace(value=json.dumps(value).encode())


def _lower(record: Outgoing, luck: Random) -> Outgoing:
    """An earlier version of a fact with other content, sometimes of another campaign and team."""
    value = json.loads(record.value or b"")
    value |= {"version": value["version"] - 1, "script_id": "earlier"}
    if luck.random() < 0.5 and value.get("operator_id") is not None:
        value |= {"campaign_id": "mistaken", "team_id": "mistaken"}
    return record._replace(value=json.dumps(value).encode())


def _disordered(stream: list[Outgoing], luck: Random) -> list[Outgoing]:
    lower = [_lower(record, luck) for record in stream if luck.random() < 0.3]
    again = [record for record in stream for _ in range(luck.choice((0, 0, 1, 2)))]
    mixed = [*stream, *lower, *again]
    luck.shuffle(mixed)
    return mixed


@pytest.fixture(scope="module")
def both(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Settings]:
    """Two systems: one was told in order, the other in disorder, with repetitions and lower versions."""
    stream = _floor()
    assert len(stream) > 500
    settings = []
    for order in (stream, _disordered(stream, Random(8))):
        one = fresh(stack, final_grace=NO_FINALS)
        with running_worker(one, tmp_path_factory.mktemp("order")):
            # In two halves, so that pages are published in between.
            for part in (order[: len(order) // 2], order[len(order) // 2 :]):
                send(one, part)
                reconciled(one)
        settings.append(one)
    return settings[0], settings[1]


def test_operator_hours_are_byte_equal_whatever_the_order(both: tuple[Settings, Settings]) -> None:
    """Shuffled, repeated, with lower versions: the same bytes, but for the time of writing."""
    ordered, disordered = (
        {key: unstamped(value) for key, value in kept(settings, OPERATOR_HOURS).items()} for settings in both
    )
    assert len(ordered) >= 24
    assert disordered == ordered


@pytest.mark.parametrize("topic", ROLL_UP_TOPICS)
def test_roll_ups_are_equal_whatever_the_order(both: tuple[Settings, Settings], topic: str) -> None:
    """But for the revision, and for zeros of campaigns and teams that only a lower version named."""
    ordered, disordered = (
        {
            key: {**record, "revision": "", "emitted_at": ""}
            for key, value in kept(settings, topic).items()
            if any((record := json.loads(value))["counts"].values())
        }
        for settings in both
    )
    assert ordered
    assert disordered == ordered


def test_the_disorder_was_one(both: tuple[Settings, Settings]) -> None:
    """The second stream did put records of zeros where only lower versions had been."""
    zeros = {key: record for key, record in bodies(both[1], "kpi.campaign-hour.v1").items() if "mistaken" in key}
    assert zeros
    assert all(record.counts == Counts() for record in zeros.values())
    assert not any("mistaken" in key for topic in KPI_TYPES for key in kept(both[0], topic))
