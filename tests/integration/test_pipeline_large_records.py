"""A Kafka that takes only small records: batches are cut to what it takes; what cannot be cut stops the worker."""

from pathlib import Path

import pytest
from kafka.admin import ConfigResource, KafkaAdminClient

from streams import topics
from streams.local import LocalStack
from streams.settings import Settings
from tests.integration.pipeline_rig import ago, call, fresh, reconciled, send
from tests.workers import Worker, running_worker

OUTPUTS = ("dialpulse.pages-changelog.v1", "dialpulse.contributions.v1", "kpi.operator-hour.v1", "kpi.site-hour.v1")
OPERATORS = 400
pytestmark = pytest.mark.timeout(240)


def limit(settings: Settings, size: int, *names: str) -> None:
    """From now on these topics take no record batches above a size, in bytes."""
    admin = KafkaAdminClient(**settings.kafka_python())
    change = {"max.message.bytes": str(size)}
    admin.alter_configs([ConfigResource("topic", settings.topic(name), change) for name in names])
    admin.close()


def floor(first: int, started_at: str) -> list[object]:
    """Three calls of each of many operators, some of it in one page."""
    return [
        call(f"c{first + number}", started_at, operator_id=f"o{number % OPERATORS}", campaign_id=f"k{number % 7}")
        for number in range(3 * OPERATORS)
    ]


def test_batches_are_cut_to_what_the_topics_take(stack: LocalStack, tmp_path: Path) -> None:
    """A limit far below the batches that a worker likes to write, set under way: it goes on, and every number is right.

    400 records of an operator's hour are over a megabyte, in four partitions.
    """
    settings, started_at = fresh(stack), ago(60)
    with running_worker(settings, tmp_path) as worker:
        limit(settings, 40_000, *OUTPUTS)
        send(settings, floor(0, started_at))
        assert reconciled(settings).pages == OPERATORS
        send(settings, floor(10_000, started_at))
        reconciled(settings)
        assert worker.process.poll() is None, worker.said()
    assert "MessageSizeTooLarge" not in worker.log.read_text()


def test_a_record_that_is_too_large_by_itself_stops_the_worker_with_its_topic_and_nothing_is_lost(
    stack: LocalStack, tmp_path: Path
) -> None:
    """One line with topic, size and what to do; the next start names the limit; once it is raised all is counted."""
    settings, name = fresh(stack), "kpi.operator-hour.v1"
    with running_worker(settings, tmp_path) as worker:
        limit(settings, 700, name)
        send(settings, floor(0, ago(60)))
        assert worker.process.wait(60) == 1
    said = worker.log.read_text()
    assert f"bytes is more than topic {settings.topic(name)} takes (its max.message.bytes): raise that" in said
    assert "nothing was committed" in said
    again = Worker(settings, tmp_path)
    assert again.process.wait(60) == 2
    wanted = "max.message.bytes is 700, and the registry says 4194304: run dialpulse topics apply"
    assert f"topic {settings.topic(name)}: {wanted}" in again.said()
    assert topics.apply(settings) == [f"{settings.topic(name)}: max.message.bytes set to 4194304"]
    with running_worker(settings, tmp_path):
        assert reconciled(settings).pages == OPERATORS
