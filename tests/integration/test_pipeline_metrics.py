"""What a worker's /metrics shows beside the records that it publishes."""

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from processors.times import parse_time
from schemas.metrics import METRICS
from schemas.redis_keys import snapshot_key
from streams.local import LocalStack
from streams.settings import Settings
from tests.integration.pipeline_rig import (
    CONVERSATIONS,
    Samples,
    ago,
    at,
    call,
    fact,
    fresh,
    hour_of,
    metric,
    metrics,
    reconciled,
    redis_of,
    send,
)
from tests.workers import Worker, running_worker

OPERATORS = 6
GAUGES = {
    "dialer_operator_hour_calls": "calls",
    "dialer_operator_hour_conversations": "conversations",
    "dialer_operator_hour_appointments": "appointments",
    "dialer_operator_hour_sales": "sales",
}


def within_one_hour() -> str:
    """An instant a few seconds ago, in an hour that goes on for a minute at least: gauges show the present hour."""
    into = time.time() % 3600
    if into > 3540 or into < 5:
        time.sleep((3605 - into) % 3600)
    return ago(3)


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Worker, str]]:
    """A worker that was told of a few operators' present hour, and of a few calls of this morning."""
    settings = fresh(stack, site_time_zones={"lyon": "Europe/Paris"})
    with running_worker(settings, tmp_path_factory.mktemp("metrics")) as worker:
        started_at = within_one_hour()
        send(settings, _facts(started_at))
        send(settings, [call(f"early {number}", ago(4 * 3600), operator_id="o1") for number in range(7)])
        reconciled(settings)
        yield settings, worker, started_at


def _facts(started_at: str) -> list[Any]:
    """Calls of several operators, some talked about, one appointment and one sale, and attempts of no operator."""
    found = []
    for number in range(60):
        parts: dict[str, Any] = {
            "operator_id": f"o{number % OPERATORS}",
            "team_id": f"t{number % 2}",
            "site_id": "lyon",
        }
        found.append(call(f"c{number}", started_at, talk_seconds=number, answered_by="human", **parts))
        if number % 5 == 0:
            conversation: dict[str, Any] = {
                "call_id": f"c{number}",
                "call_started_at": started_at,
                "outcome": "refused",
            }
            found.append(fact(CONVERSATIONS, **conversation, **parts))
    booked: dict[str, Any] = {
        "appointment_id": "a1",
        "booked_at": started_at,
        "operator_id": "o1",
        "team_id": "t1",
        "site_id": "lyon",
    }
    found.append(fact("dialer.appointments.v1", **booked))
    found.append(fact("dialer.sales.v1", sale_id="s1", **booked))
    found += [call(f"p{number}", started_at, operator_id=None, site_id="lyon") for number in range(9)]
    return found


def _redis_record(settings: Settings, level: str, identity: str, started_at: str) -> Any:
    value = redis_of(settings).get(snapshot_key(settings.prefix, level, identity, parse_time(hour_of(started_at))))
    assert value is not None
    return json.loads(value)


def test_every_metric_of_the_catalogue_is_shown(running: tuple[Settings, Worker, str]) -> None:
    """A metric that has no series yet is there with its help; nothing beside the catalogue is."""
    _, worker, _ = running
    with urllib.request.urlopen(f"http://{worker.address}/metrics", timeout=5) as answer:
        told = [line.split()[2] for line in answer.read().decode().splitlines() if line.startswith("# TYPE")]
    assert told == [one.name for one in METRICS]


def test_operators_gauges_equal_their_records_in_redis(running: tuple[Settings, Worker, str]) -> None:
    """Of the hour in progress, with the site and team of the record; nobody is shown for attempts of no operator."""
    settings, worker, started_at = running
    samples = metrics(worker.address)
    for number in range(OPERATORS):
        record = _redis_record(settings, "operator", f"o{number}", started_at)
        labels = {"operator": f"o{number}", "team": record["team_id"], "site": record["site_id"]}
        for gauge, count in GAUGES.items():
            assert metric(samples, gauge, **labels) == record["counts"][count], (gauge, number)
        assert metric(samples, "dialer_operator_hour_talk_seconds", **labels) == record["talk_seconds"]
    shown = {dict(labels)["operator"] for name, labels in samples if name == "dialer_operator_hour_calls"}
    assert shown == {f"o{number}" for number in range(OPERATORS)}


def test_todays_gauges_equal_the_campaigns_record_in_redis(running: tuple[Settings, Worker, str]) -> None:
    """By the local hour of the site."""
    settings, worker, started_at = running
    record = _redis_record(settings, "campaign", "autumn", started_at)
    samples = metrics(worker.address)
    hour = f"{datetime.fromisoformat(started_at).astimezone(ZoneInfo('Europe/Paris')).hour:02d}"
    for count in ("calls", "conversations", "appointments"):
        shown = metric(samples, f"dialer_today_{count}", site="lyon", campaign="autumn", hour=hour)
        assert shown == record["counts"][count], count
    assert record["counts"]["calls"] == 69


def _counters(samples: Samples) -> dict[Any, float]:
    names = {one.name for one in METRICS if one.kind == "counter" and one.name.startswith("dialer_")}
    return {key: value for key, value in samples.items() if key[0] in names}


def test_counters_tell_what_was_counted_once(running: tuple[Settings, Worker, str]) -> None:
    """They hold the present hour's numbers; facts of hours long past are counted as late, and as nothing else."""
    settings, worker, started_at = running
    samples = metrics(worker.address)
    record = _redis_record(settings, "site", "lyon", started_at)["counts"]
    for name in ("calls", "answered", "human_answered", "conversations", "appointments", "sales"):
        assert metric(samples, f"dialer_{name}_total", site="lyon") == record[name], name
    assert metric(samples, "dialer_outcomes_total", outcome="refused") == record["refused"]
    assert metric(samples, "dialer_calls_total", site="main") == 0
    assert metric(samples, "dialer_late_total", kind="call") == 7
    assert metric(samples, "dialer_operators_active", site="lyon") == OPERATORS


def test_counters_do_not_rise_for_what_was_known(running: tuple[Settings, Worker, str]) -> None:
    """The same facts again are duplicates: no counter of the floor moves, and nobody's gauge does."""
    settings, worker, started_at = running
    before = metrics(worker.address)
    send(settings, _facts(started_at))
    reconciled(settings)
    after = metrics(worker.address)
    assert _counters(after) == _counters(before)
    again = metric(after, "dialpulse_facts_total", result="duplicate")
    assert again - metric(before, "dialpulse_facts_total", result="duplicate") == len(_facts(started_at))


def test_a_correction_moves_gauges_down_and_counters_never(running: tuple[Settings, Worker, str]) -> None:
    """A voided call is gone from the hour's gauge; the counter, which is for trends, stays."""
    settings, worker, started_at = running
    before = metrics(worker.address)
    parts: dict[str, Any] = {"operator_id": "o3", "team_id": "t1", "site_id": "lyon"}
    send(settings, [call("c3", started_at, version=1, voided=True, **parts)])
    reconciled(settings)
    after = metrics(worker.address)
    fell = metric(before, "dialer_operator_hour_calls", operator="o3") - 1
    assert metric(after, "dialer_operator_hour_calls", operator="o3") == fell
    assert _counters(after) == _counters(before)


def test_nobodys_figures_are_shown_where_that_is_switched_off(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A person's live figures are personal data."""
    settings = fresh(stack, operator_metrics=False)
    with running_worker(settings, tmp_path_factory.mktemp("nobody")) as worker:
        send(settings, [call("c1", at(time.time() - 1))])
        reconciled(settings)
        samples = metrics(worker.address)
    assert not any(name.startswith("dialer_operator_hour") for name, _ in samples)
    assert "o1" not in {value for _, labels in samples for _, value in labels}
    assert metric(samples, "dialer_calls_total") == 1
