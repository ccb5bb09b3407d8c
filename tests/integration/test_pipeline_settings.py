"""Settings that a running system does not bear: a worker refuses them with exit 2 and says what to do."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.kpis import KPI_TYPES
from streams.local import LocalStack
from streams.settings import Settings, load_settings
from tests.integration.pipeline_rig import (
    CONVERSATIONS,
    OPERATOR_HOURS,
    ago,
    assert_redis_equals_topics,
    bodies,
    call,
    fact,
    fresh,
    kept,
    reconciled,
    send,
    wait_for,
)
from tests.workers import Worker, running_worker

REFUSED = 2


def changed(settings: Settings, **fields: Any) -> Settings:
    """The same settings but for some."""
    mine = {name: getattr(settings, name) for name in settings.model_fields_set}
    return load_settings(**(mine | fields))


@pytest.fixture(scope="module")
def running(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Worker]]:
    """A system with facts of several hours, one site of its own zone, and a worker that bears a name."""
    settings = fresh(stack, instance_id="w1", site_time_zones={"pune": "Asia/Kolkata"})
    with running_worker(settings, tmp_path_factory.mktemp("settings")) as worker:
        facts = [
            call(
                f"c{number}", ago(3600 * (number % 3) + 60), operator_id=f"o{number % 5}", talk_seconds=40, team_id="t1"
            )
            for number in range(60)
        ]
        talked = [
            fact(CONVERSATIONS, call_id="c1", call_started_at=ago(60), operator_id="o1", outcome="refused"),
            call("c100", ago(60), operator_id="o9", site_id="pune"),
        ]
        send(settings, [*facts, *talked])
        reconciled(settings)
        yield settings, worker


def refusal(settings: Settings, folder: Path) -> str:
    """What a worker says that refuses to start under these settings."""
    worker = Worker(settings, folder)
    try:
        assert worker.process.wait(30) == REFUSED, worker.said()
    finally:
        if worker.process.poll() is None:
            worker.kill()
    return worker.said()


def test_two_workers_of_one_name_do_not_run_on_one_machine(running: tuple[Settings, Worker], tmp_path: Path) -> None:
    """The second names the process that has the name, and the first goes on."""
    settings, worker = running
    said = refusal(settings, tmp_path)
    assert re.search(rf"DIALPULSE_INSTANCE_ID=w1 is in use by process {worker.process.pid}\b", said)
    assert worker.is_ready()


def test_another_conversation_rule_needs_another_generation(running: tuple[Settings, Worker], tmp_path: Path) -> None:
    """The old meaning and the new would stand side by side: the message says what to raise."""
    settings, _ = running
    said = refusal(changed(settings, conversation_rule="outcome", instance_id="w2"), tmp_path)
    assert "DIALPULSE_CONVERSATION_RULE=outcome differs from generation 1's outcome-or-talk-20s" in said
    assert "raise DIALPULSE_GENERATION to 2" in said


@pytest.mark.parametrize("partitions", [2, 8])
def test_another_number_of_partitions_is_refused(
    running: tuple[Settings, Worker], tmp_path: Path, partitions: int
) -> None:
    """Owners would be looked for elsewhere than their facts lie."""
    settings, _ = running
    said = refusal(changed(settings, partitions=partitions, instance_id="w2"), tmp_path)
    assert "partitions" in said.lower()
    assert "4" in said and str(partitions) in said


@pytest.mark.parametrize(
    "zones",
    [
        {"site_time_zones": {"pune": "Asia/Kathmandu"}},
        {"site_time_zones": {"pune": "Asia/Colombo"}},
        {"site_time_zones": {}},
        {"time_zone": "Asia/Kolkata"},
        {"time_zone": "Europe/Paris"},
    ],
    ids=["a site's", "a site's, the same hours", "a site's dropped", "the default", "the default, the same hours"],
)
def test_a_zone_that_has_facts_never_changes(
    running: tuple[Settings, Worker], tmp_path: Path, zones: dict[str, Any]
) -> None:
    """The message names the setting, and the way: a new prefix and a replay."""
    settings, _ = running
    said = refusal(changed(settings, instance_id="w2", **zones), tmp_path)
    assert "TIME_ZONE" in said
    assert "DIALPULSE_PREFIX" in said


def test_a_new_generation_writes_every_record_anew(stack: LocalStack, tmp_path: Path) -> None:
    """Under the new rule, with revisions that outrank the old; the old generation's workers are then refused."""
    settings = fresh(stack)
    with running_worker(settings, tmp_path):
        facts = [
            call(f"c{number}", ago(3600 * (number % 4)), operator_id=f"o{number % 9}", talk_seconds=40, team_id="t1")
            for number in range(300)
        ]
        send(settings, facts)
        reconciled(settings)
    before = {topic: kept(settings, topic) for topic in KPI_TYPES}
    assert sum(one.counts.conversations for one in bodies(settings, OPERATOR_HOURS).values()) == 300
    second = changed(settings, generation=2, conversation_rule="outcome")
    with running_worker(second, tmp_path):
        wait_for(lambda: all(_is_of(second, topic) for topic in KPI_TYPES), 20, lambda: "old records are left")
        reconciled(second)
        assert_redis_equals_topics(second)
        for topic, old in before.items():
            new = bodies(second, topic)
            assert set(new) == set(old)
            assert {record.counts.conversations for record in new.values()} == {0}
            assert {record.conversation_rule for record in new.values()} == {"outcome"}
        # Nothing is written anew at a second start.
        written = {topic: kept(second, topic) for topic in KPI_TYPES}
    with running_worker(second, tmp_path):
        reconciled(second)
    assert {topic: kept(second, topic) for topic in KPI_TYPES} == written
    said = refusal(settings, tmp_path)
    assert "generation 2 has begun" in said and "set DIALPULSE_GENERATION=2" in said


def _is_of(settings: Settings, topic: str) -> bool:
    return all(record.revision.startswith("0002-") for record in bodies(settings, topic).values())
