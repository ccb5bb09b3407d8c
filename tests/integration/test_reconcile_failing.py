"""`dialpulse reconcile` can fail: each thing that is put wrong is named, with its key, its field, have and want."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import redis
from click.testing import CliRunner
from kafka import KafkaProducer

from processors.owners import partition_of
from processors.times import HOUR_US, format_time
from schemas.redis_keys import hour_key, snapshot_key
from streams.commands import main
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.recount.reconcile import reconcile
from streams.recount.report import Difference
from streams.settings import Settings, load_settings
from streams.sinks.kpi_topics import contributions_partition
from tests.floors import produce
from tests.workers import environment, running_worker

OPERATORS = tuple(f"o{number}" for number in range(1, 9))
NOW_US = time.time_ns() // 1000
HOUR = NOW_US // HOUR_US * HOUR_US - HOUR_US
HOME = contributions_partition(HOUR, 4)
"""Where the worker writes the roll-ups of the hour."""


@dataclass
class Floor:
    """A system at rest in which every operator made a call in the last full hour (UTC)."""

    settings: Settings
    redis: Any

    def send(self, topic: str, key: str, value: bytes, partition: int, headers: Any = None) -> None:
        """Writes a record as the worker would."""
        producer: Any = KafkaProducer(**self.settings.kafka_python())
        producer.send(self.settings.topic(topic), value, key.encode(), headers, partition).get(10)
        producer.close()

    def record(self, level: str, identity: str) -> dict[str, Any]:
        """A record as Redis holds it."""
        value = self.redis.get(snapshot_key(self.settings.prefix, level, identity, HOUR))
        return msgspec.json.decode(value)  # type: ignore[no-any-return]

    def differences(self, key: str) -> list[Difference]:
        """What a recount says of one key; other tests put other keys wrong."""
        report = reconcile(self.settings, look_again_s=1)
        assert not report.agrees
        return [difference for difference in report.differences if difference.key == key]


@pytest.fixture(scope="module")
def floor(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """One worker for all tests of this file; each puts wrong what no other looks at."""
    prefix = f"f{NOW_US:x}."
    settings = load_settings(kafka=stack.kafka, redis_url=stack.redis_url, prefix=prefix, partitions=4)
    with running_worker(settings, tmp_path_factory.mktemp("worker")):
        produce(settings, [call(operator) for operator in OPERATORS])
        assert reconcile(settings).agrees
        yield Floor(settings, redis.Redis.from_url(stack.redis_url))


def call(operator: str) -> Outgoing:
    value = {
        "call_id": f"c-{operator}",
        "started_at": format_time(HOUR),
        "operator_id": operator,
        "campaign_id": f"camp-{operator}",
        "team_id": f"team-{operator}",
        "talk_seconds": 42,
    }
    return Outgoing(0, "dialer.calls.v1", operator.encode(), msgspec.json.encode(value))


def greater(record: dict[str, Any]) -> None:
    generation, _, final = record["revision"].split("-")
    record["revision"] = f"{generation}-{99:020d}-{final}"


def more_calls(record: dict[str, Any]) -> None:
    record["counts"]["calls"] = 7


@pytest.mark.parametrize(
    ("operator", "spoil", "field", "have"),
    [
        ("o1", more_calls, "counts.calls of the last record", "7"),
        ("o2", greater, "revision", "0001-00000000000000000099-"),
        ("o3", lambda record: record["slots"].pop("calls"), "slots.calls of the last record", "absent"),
    ],
)
def test_a_changed_kpi_record_is_named(
    floor: Floor, operator: str, spoil: Callable[[dict[str, Any]], Any], field: str, have: str
) -> None:
    """A record of the same revision with another number, and one of a greater revision than its facts give."""
    record, key = floor.record("operator", operator), f"{operator}|{format_time(HOUR)}"
    spoil(record)
    floor.send("kpi.operator-hour.v1", key, msgspec.json.encode(record), partition_of(operator, 4))
    [difference] = floor.differences(key)
    assert (difference.place, difference.field) == ("kpi.operator-hour.v1", field)
    assert difference.have.startswith(have)
    assert difference.want != difference.have


def test_a_changed_roll_up_is_named(floor: Floor) -> None:
    """A campaign's hour with another number of operators than contribute to it."""
    record, key = floor.record("campaign", "camp-o4"), f"camp-o4|{format_time(HOUR)}"
    record["operators"] = 5
    floor.send("kpi.campaign-hour.v1", key, msgspec.json.encode(record), HOME)
    [difference] = floor.differences(key)
    assert difference == Difference("kpi.campaign-hour.v1", key, "operators of the last record", "5", "1")


def test_a_record_of_nobody_is_named(floor: Floor) -> None:
    """A team's hour without a fact is superfluous, however small its numbers."""
    record, key = floor.record("team", "team-o1"), f"team-x|{format_time(HOUR)}"
    floor.send("kpi.team-hour.v1", key, msgspec.json.encode(record | {"team_id": "team-x"}), 0)
    [difference] = floor.differences(key)
    assert (difference.place, difference.want) == ("kpi.team-hour.v1", "absent")


def test_a_tombstone_is_named(floor: Floor) -> None:
    """Whoever takes the last record of a key must get the same as whoever takes the greatest."""
    key = f"camp-o5|{format_time(HOUR)}"
    producer: Any = KafkaProducer(**floor.settings.kafka_python())
    producer.send(floor.settings.topic("kpi.campaign-hour.v1"), None, key.encode(), partition=HOME).get(10)
    producer.close()
    [difference] = floor.differences(key)
    assert (difference.field, difference.have) == ("the last record", "a tombstone")


def test_a_changed_redis_key_is_named(floor: Floor) -> None:
    """Redis equals the recount in every field."""
    key, record = snapshot_key(floor.settings.prefix, "operator", "o5", HOUR), floor.record("operator", "o5")
    floor.redis.set(key, msgspec.json.encode(record | {"talk_seconds": 1.5}), keepttl=True)
    assert floor.differences(key) == [Difference("redis", key, "talk_seconds", "1.5", "42.0")]


def test_a_missing_and_a_superfluous_redis_key_are_named(floor: Floor) -> None:
    """A key that cannot have expired must be there, and none stands for which there are no facts."""
    prefix = floor.settings.prefix
    gone, record = snapshot_key(prefix, "site", "main", HOUR), floor.record("site", "main")
    extra = snapshot_key(prefix, "site", "nowhere", HOUR)
    floor.redis.set(extra, msgspec.json.encode(record | {"site_id": "nowhere"}))
    floor.redis.delete(gone)
    [missing] = floor.differences(gone)
    assert (missing.field, missing.have) == ("the record", "absent")
    [superfluous] = floor.differences(extra)
    assert (superfluous.field, superfluous.want) == ("the record", "absent")


def test_an_hour_without_its_owner_and_with_a_stranger_is_named(floor: Floor) -> None:
    """The hour's set of owners says exactly who has a record in it."""
    key = hour_key(floor.settings.prefix, HOUR)
    floor.redis.srem(key, "o6")
    floor.redis.sadd(key, "stranger")
    assert {(found.field, found.have, found.want) for found in floor.differences(key)} == {
        ("owner o6", "absent", "a member"),
        ("owner stranger", "a member", "absent"),
    }


def test_a_good_record_that_was_rejected_is_named(floor: Floor) -> None:
    """The rejected topic holds what the recount rejects, and nothing that counts."""
    home = partition_of("o7", 4)
    place = {"reason": "bad_value", "detail": "none", "topic": "dialer.calls.v1", "partition": str(home), "offset": "0"}
    headers = [(name, text.encode()) for name, text in place.items()]
    floor.send("dialer.rejected.v1", "o7", b"{}", home, headers)
    [difference] = floor.differences(f"dialer.calls.v1-{home}@0")
    assert (difference.place, difference.want) == ("dialer.rejected.v1", "none")
    assert "bad_value" in difference.have


def test_the_command_names_them_and_fails(floor: Floor) -> None:
    """Exit code 1, a line for each, and how many there are."""
    record, key = floor.record("operator", "o8"), f"o8|{format_time(HOUR)}"
    record["time_zone"] = "Asia/Kolkata"
    floor.send("kpi.operator-hour.v1", key, msgspec.json.encode(record), partition_of("o8", 4))
    answer = CliRunner().invoke(main, ["reconcile"], env=environment(floor.settings))
    assert answer.exit_code == 1
    assert (
        f'kpi.operator-hour.v1 {key}: time_zone of the last record is "Asia/Kolkata", the recount says "UTC"'
        in answer.stdout
    )
    assert re.search(r"^[0-9]+ differences?:$", answer.stdout, re.MULTILINE)
