"""`dialpulse reconcile` over what a real worker published: it agrees, whatever the facts were."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, TopicPartition

from processors.owners import partition_of
from processors.times import format_time
from streams import topics
from streams.commands import main
from streams.errors import UserError
from streams.feeding import FeedThread
from streams.producing import Outgoing
from streams.recount.reconcile import reconcile
from streams.settings import Settings
from streams.simulator.simulation import Simulation
from tests.floors import golden_mix, hostile, produce
from tests.workers import environment, running_worker

CALLS = "dialer.calls.v1"


def call(call_id: str, started_at: str, **fields: object) -> Outgoing:
    value = {"call_id": call_id, "started_at": started_at, "operator_id": "o1", "campaign_id": "autumn", **fields}
    return Outgoing(0, CALLS, str(value["operator_id"]).encode(), msgspec.json.encode(value))


def ago(seconds: float) -> str:
    return format_time((int(time.time()) - int(seconds)) * 1_000_000)


def test_everything_published_for_facts_of_every_sort_agrees_with_the_recount(
    settings: Settings, tmp_path: Path
) -> None:
    """Corrections, moves, conflicts, misplaced and hostile records, repeated and from the start: 0 differences."""
    with running_worker(settings, tmp_path):
        produce(settings, [*golden_mix(), *hostile(), *golden_mix()])
        answer = CliRunner().invoke(main, ["reconcile", "--json"], env=environment(settings))
    assert answer.stdout, answer.stderr
    report = json.loads(answer.stdout)
    assert (answer.exit_code, report["differences"]) == (0, []), answer.output
    results = report["facts"]
    assert sum(count for topic in results.values() for count in topic.values()) >= 2 * len(golden_mix())
    assert {name for topic in results.values() for name in topic} == {
        *("accepted", "duplicate", "superseded", "rejected", "misplaced"),
    }
    assert report["compared"]["kpi.operator-hour.v1"] == report["pages"] > 10
    assert report["redis_keys"] == sum(report["compared"].values())
    assert report["rejections"] == sum(topic.get("rejected", 0) for topic in results.values())


def test_facts_that_come_while_it_counts_are_no_difference(settings: Settings, tmp_path: Path) -> None:
    """A live floor goes on: what changes meanwhile is recounted up to a later end."""
    with running_worker(settings, tmp_path):
        feed = FeedThread(lambda stop: Simulation(operators=10).run(settings, stop))
        feed.start()
        try:
            report = reconcile(settings)
        finally:
            fed = feed.finish()
        assert report.differences == []
        after = reconcile(settings)
    assert (after.differences, after.moving) == ([], [])
    assert sum(counter.total() for counter in after.facts.values()) == fed.records


def test_an_id_that_stands_on_two_pages_is_told_and_is_no_difference(settings: Settings, tmp_path: Path) -> None:
    """Moving a fact without voiding the old one counts it twice; only its source can know that."""
    with running_worker(settings, tmp_path):
        here, there = ago(60), ago(7260)
        produce(settings, [call("c1", here), call("c1", there), call("c2", here), call("c3", here, operator_id="o2")])
        report = reconcile(settings)
    [shared] = report.shared_ids
    assert (shared.kind, shared.id, len(shared.pages)) == ("call", "c1", 2)
    assert report.agrees
    assert any("call c1 stands in o1|" in line for line in report.lines())


def test_hours_whose_facts_have_expired_are_named_and_left_out(settings: Settings, tmp_path: Path) -> None:
    """Once facts are gone, hours that begin a day or more after the oldest record left can be recounted, no others."""
    with running_worker(settings, tmp_path):
        hour = ago(60)
        produce(settings, [call(f"c{number}", hour) for number in range(3)])
        assert reconcile(settings).agrees
        admin = KafkaAdminClient(**settings.kafka_python())
        place = TopicPartition(settings.topic(CALLS), partition_of("o1", settings.partitions))
        admin.delete_records({place: 2})
        admin.close()
        report = reconcile(settings)
    assert report.agrees
    assert report.recounted_from is not None
    assert (report.pages, sum(report.compared.values())) == (0, 0)
    assert len(report.not_recounted) == 1
    assert any("expired" in line for line in report.lines())


def test_without_a_worker_it_says_what_to_do(settings: Settings) -> None:
    """Facts that nobody takes end the wait with one line that names the group and the command."""
    topics.apply(settings)
    produce(settings, [call("c1", ago(60))])
    with pytest.raises(UserError, match=r"no worker is in group .*dialpulse worker"):
        reconcile(settings, patience_s=1)


def test_other_settings_than_the_workers_are_refused(settings: Settings, tmp_path: Path) -> None:
    """Under another conversation rule everything would differ: the setting is named instead."""
    with running_worker(settings, tmp_path):
        answer = CliRunner().invoke(
            main, ["reconcile"], env=environment(settings) | {"DIALPULSE_CONVERSATION_RULE": "outcome"}
        )
    assert answer.exit_code == 2
    assert "DIALPULSE_CONVERSATION_RULE=outcome differs from outcome-or-talk-20s" in answer.stderr


def test_its_help_has_an_example() -> None:
    """Every command shows how it is used."""
    answer = CliRunner().invoke(main, ["reconcile", "--help"])
    assert answer.exit_code == 0
    assert "dialpulse reconcile --json" in answer.stdout
