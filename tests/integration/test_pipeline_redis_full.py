"""A Redis that is full and evicts nothing: the stream goes on, boards are told, and later everything is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local import LocalStack
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    ago,
    assert_redis_equals_topics,
    bodies,
    call,
    fresh,
    metric,
    metrics,
    send,
    wait_for,
)
from tests.integration.redis_sink.conftest import OwnRedis
from tests.workers import running_worker

FACTS = 300


@pytest.fixture
def small(tmp_path: Path) -> Iterator[OwnRedis]:
    """A Redis whose memory this test may limit."""
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.client.close()
    server.kill()


@pytest.mark.timeout(240)
def test_a_full_redis_holds_up_nothing_and_gets_everything_later(
    stack: LocalStack, small: OwnRedis, tmp_path: Path
) -> None:
    """Facts are counted and published meanwhile; the metric says how far Redis is behind, the log says why, once."""
    settings = fresh(stack).model_copy(update={"redis_url": small.url})
    with running_worker(settings, tmp_path) as worker:

        def behind() -> float:
            return metric(metrics(worker.address), "dialpulse_redis_behind_seconds")

        def counted() -> int:
            return sum(record.counts.calls for record in bodies(settings, OPERATOR_HOURS).values())

        def work(first: int) -> None:
            send(settings, [call(f"c{first + n}", ago(60), operator_id=f"o{n % 50}") for n in range(FACTS)])

        work(0)
        wait_for(lambda: counted() == FACTS and behind() == 0)
        assert_redis_equals_topics(settings)
        assert small.client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        small.client.config_set("maxmemory", small.client.info("memory")["used_memory"])
        work(FACTS)
        wait_for(lambda: counted() == 2 * FACTS)
        wait_for(lambda: behind() > 1)
        first = behind()
        work(2 * FACTS)
        wait_for(lambda: counted() == 3 * FACTS)
        wait_for(lambda: behind() > first)
        assert worker.is_ready()
        small.client.config_set("maxmemory", 0)
        wait_for(lambda: behind() == 0)
        assert assert_redis_equals_topics(settings) > 50
        said = worker.log.read_text()
    [away] = [line for line in said.splitlines() if "Redis is away, boards will be stale" in line]
    assert "maxmemory" in away
    assert "Redis is back" in said
