"""Replay into a real Kafka: what lies in the topics afterwards is what the log says."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from processors.owners import partition_of
from schemas.facts import FACT_TYPES
from streams import topics
from streams.errors import UserError
from streams.producing import FactProducer, Outgoing
from streams.replay.replay import Replay
from streams.settings import Settings, load_settings
from tests.call_log import dirty_log, write_log
from tests.recount_sql import recount

CALLS = "dialer.calls.v1"


@pytest.fixture
def floor(settings: Settings) -> Settings:
    """The settings of a system whose topics are there."""
    topics.apply(settings)
    return settings


def lying_in(settings: Settings, topic: str) -> Iterator[Any]:
    """Every record of a topic, read with another client than the one that wrote it."""
    consumer = Consumer({"bootstrap.servers": settings.kafka, "group.id": "reader", "enable.auto.commit": False})
    try:
        places = [TopicPartition(settings.topic(topic), number, 0) for number in range(settings.partitions)]
        consumer.assign(places)
        left = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
        while left:
            message = consumer.poll(10)
            assert message is not None, f"{left} records are missing"
            assert message.error() is None, message.error()
            left -= 1
            yield message
    finally:
        consumer.close()


def replay(settings: Settings, chosen: Replay) -> Counter[str]:
    """Sends a log and gives the count of facts by topic."""
    return chosen.send(settings, chosen.read(settings), threading.Event()).topics


def environment(settings: Settings) -> dict[str, str]:
    """What a command needs to find the system."""
    return {
        "DIALPULSE_KAFKA": settings.kafka,
        "DIALPULSE_PREFIX": settings.prefix,
        "DIALPULSE_PARTITIONS": str(settings.partitions),
    }


def dialpulse(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a user types it."""
    line = [sys.executable, "-c", "from streams.commands import main; main()", *words]
    return subprocess.run(line, env=environment(settings), capture_output=True, text=True, timeout=60, check=False)


def test_a_replayed_call_log_lies_in_kafka_as_sql_counts_it(floor: Settings, tmp_path: Path) -> None:
    """Calls and conversations per owner and hour in the topic are those of a recount of the raw file."""
    path = write_log(tmp_path / "log", dirty_log(seed=11, rows=2_000), packed=True)
    replay(floor, Replay(path, "technion"))
    calls: Counter[tuple[str, str]] = Counter()
    talked: Counter[tuple[str, str]] = Counter()
    for message in lying_in(floor, CALLS):
        fact = json.loads(message.value())
        place = (message.key().decode(), fact["started_at"][:13] + ":00:00Z")
        calls[place] += 1
        talked[place] += fact.get("talk_seconds", 0) >= 20
    assert {place: (count, talked[place]) for place, count in calls.items()} == recount(path)


def test_every_record_is_keyed_and_placed_by_its_owner(floor: Settings, tmp_path: Path) -> None:
    """Partition = murmur2 of the owner as Kafka's Java client has it, for every producer of facts."""
    path = write_log(tmp_path / "log", dirty_log(seed=12, rows=300))
    replay(floor, Replay(path, "technion"))
    records = list(lying_in(floor, CALLS))
    assert len({message.partition() for message in records}) == floor.partitions
    for message in records:
        fact = json.loads(message.value())
        owner = fact.get("operator_id") or "@" + fact["campaign_id"]
        assert message.key().decode() == owner
        assert message.partition() == partition_of(owner, floor.partitions)


def test_hostile_records_are_sent_as_they_are(floor: Settings, tmp_path: Path) -> None:
    """Text that is no JSON, no value at all, a key that is not the owner, and a megabyte arrive byte for byte."""
    path = tmp_path / "facts"
    hostile = ["{broken", None, "é\u0000", "x" * 1_000_000]
    lines = [{"topic": CALLS, "key": f"k{number}", "value": value} for number, value in enumerate(hostile)]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert replay(floor, Replay(path)) == {CALLS: 4}
    found = {message.key().decode(): message.value() for message in lying_in(floor, CALLS)}
    assert found == {"k0": b"{broken", "k1": None, "k2": "é\u0000".encode(), "k3": b"x" * 1_000_000}


def test_the_command_reports_every_row_and_what_it_produced(floor: Settings, tmp_path: Path) -> None:
    """Rows that cannot be used are told by reason, and are no failure."""
    path = write_log(tmp_path / "log", dirty_log(seed=13, rows=500))
    done = dialpulse(floor, "replay", str(path), "--mapping", "technion")
    assert done.returncode == 0, done.stderr
    produced = sum(1 for _ in lying_in(floor, CALLS))
    assert "500 rows read" in done.stdout
    assert f"{produced} used, as facts: {produced} {CALLS}" in done.stdout
    assert "not used: phantom (line " in done.stdout
    assert f"produced {produced} facts" in done.stdout


def test_a_dry_run_produces_nothing(floor: Settings, tmp_path: Path) -> None:
    """It reads and reports only."""
    path = write_log(tmp_path / "log", dirty_log(seed=14, rows=50))
    done = dialpulse(floor, "replay", str(path), "--mapping", "technion", "--dry-run")
    assert (done.returncode, "50 rows read" in done.stdout) == (0, True)
    assert list(lying_in(floor, CALLS)) == []


def test_speed_paces_the_log_by_its_own_times(floor: Settings, tmp_path: Path) -> None:
    """Twenty seconds of a log at ten times real time take two."""
    path = tmp_path / "facts"
    values = [
        {
            "call_id": f"c{second}",
            "operator_id": "o",
            "campaign_id": "k",
            "started_at": f"2026-03-02T09:00:{second:02d}Z",
        }
        for second in range(0, 21, 5)
    ]
    path.write_text("\n".join(json.dumps({"topic": CALLS, "value": value}) for value in values))
    began = time.monotonic()
    assert replay(floor, Replay(path, speed=10)) == {CALLS: 5}
    assert 2 <= time.monotonic() - began < 5


def test_as_live_waits_for_what_is_later_than_now(floor: Settings, tmp_path: Path) -> None:
    """Moved to today, a fact of a moment from now is sent when that moment has come, not before."""
    path = tmp_path / "facts"
    soon = datetime.now(UTC) + timedelta(seconds=2) - timedelta(days=400)
    times = [soon - timedelta(minutes=5), soon]
    values = [
        {"call_id": f"c{number}", "operator_id": "o", "campaign_id": "k", "started_at": at.isoformat()}
        for number, at in enumerate(times)
    ]
    path.write_text("\n".join(json.dumps({"topic": CALLS, "value": value}) for value in values))
    replay(floor, Replay(path, as_live=True))
    for message in lying_in(floor, CALLS):
        fact = json.loads(message.value())
        started = datetime.fromisoformat(fact["started_at"])
        assert started.date() >= (datetime.now(UTC) - timedelta(days=1)).date()
        assert message.timestamp()[1] / 1000 >= started.timestamp() - 0.01


def test_missing_topics_are_named_before_anything_is_sent(settings: Settings, tmp_path: Path) -> None:
    """Nothing is created on the fly: the error says which topic is not there and how to make it."""
    path = write_log(tmp_path / "log", dirty_log(seed=15, rows=5))
    done = dialpulse(settings, "replay", str(path), "--mapping", "technion")
    assert done.returncode == 2
    assert f"topic {settings.prefix}{CALLS} is not at" in done.stderr
    assert "dialpulse topics apply" in done.stderr


def test_a_delivery_that_kafka_refuses_is_an_error(floor: Settings) -> None:
    """Every delivery is looked at: a record that a topic does not take ends the producer with its reason."""
    record = Outgoing(0, CALLS, b"k", b"x" * 1_500_000)
    with pytest.raises(UserError, match="did not take a fact") as error, FactProducer(floor) as producer:
        producer.send(record)
    assert error.value.exit_code == 1


def test_no_kafka_is_one_clear_line() -> None:
    """Who forgot to start it reads how to."""
    with pytest.raises(UserError, match=r"Kafka at .* does not answer .*: start it, with dialpulse local"):
        FactProducer(load_settings(kafka="127.0.0.1:9"))


def test_every_fact_topic_may_be_replayed(floor: Settings, tmp_path: Path) -> None:
    """Calls, conversations, appointments, sales and presence, each into its own topic."""
    path = tmp_path / "facts"
    at = "2026-11-23T09:00:00Z"
    common = {
        "operator_id": "o",
        "campaign_id": "k",
        "call_id": "c",
        "call_started_at": at,
        "booked_at": at,
        "since": at,
    }
    path.write_text("\n".join(json.dumps({"topic": topic, "value": common}) for topic in FACT_TYPES))
    assert replay(floor, Replay(path)) == dict.fromkeys(FACT_TYPES, 1)
