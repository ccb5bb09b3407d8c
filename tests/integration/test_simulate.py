"""The simulated floor into a real Kafka."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.facts import FACT_TYPES
from streams import topics
from streams.feeding import FeedThread
from streams.settings import Settings
from streams.simulator.simulation import Simulation


@pytest.fixture
def floor(settings: Settings) -> Settings:
    """The settings of a system whose topics are there."""
    topics.apply(settings)
    return settings


def records(settings: Settings) -> dict[str, int]:
    """How many records lie in each fact topic."""
    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "counter"})
    try:
        return {
            topic: sum(
                consumer.get_watermark_offsets(TopicPartition(settings.topic(topic), number), timeout=10)[1]
                for number in range(settings.partitions)
            )
            for topic in FACT_TYPES
        }
    finally:
        consumer.close()


def test_three_hours_of_a_floor_are_in_kafka_within_twenty_seconds(floor: Settings) -> None:
    """Then it goes on live, at the pace of the clock; what it says it produced is what lies there."""
    caught_up = threading.Event()
    simulation = Simulation(operators=40)
    thread = FeedThread(
        lambda stop: simulation.run(floor, stop, lambda line: caught_up.set() if "past" in line else None)
    )
    thread.start()
    assert caught_up.wait(20)
    time.sleep(3)
    fed = thread.finish()
    assert fed.catching_up > 10_000
    assert fed.records > fed.catching_up
    assert records(floor) == fed.topics
    assert 0 < fed.duplicates < 0.05 * fed.records


def test_a_feed_beside_a_demo_is_stopped_and_summed_up(floor: Settings) -> None:
    """Stopping flushes: every fact of the summary is in Kafka, and nothing comes after it."""
    simulation = Simulation(operators=5)
    thread = FeedThread(lambda stop: simulation.run(floor, stop))
    thread.start()
    time.sleep(3)
    fed = thread.finish()
    assert fed.stopped
    assert records(floor) == fed.topics
    assert fed.topics["dialer.calls.v1"] > 100


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_cleanly_on_a_signal(floor: Settings, number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM flush, sum up, and exit with 0."""
    environment = {
        "DIALPULSE_KAFKA": floor.kafka,
        "DIALPULSE_PREFIX": floor.prefix,
        "DIALPULSE_PARTITIONS": str(floor.partitions),
    }
    line = [sys.executable, "-c", "from streams.commands import main; main()", "simulate", "--operators", "5"]
    with (tmp_path / "out").open("w+") as out:
        process = subprocess.Popen(line, env=environment, stdout=out, stderr=out)
        while "facts of the past" not in (tmp_path / "out").read_text():
            assert process.poll() is None, (tmp_path / "out").read_text()
            time.sleep(0.2)
        process.send_signal(number)
        assert process.wait(20) == 0
    said = (tmp_path / "out").read_text()
    assert f"produced {sum(records(floor).values()):,} facts" in said
    assert "stopped before the end" in said
