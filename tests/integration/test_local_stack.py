"""The local stack: real servers, on loopback, that never outlive their starter."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from streams.errors import UserError
from streams.local import LocalStack
from streams.local.folders import HeldFile

# A stack of its own in another process, so that its end can be tried in every way.
_STARTER = """
import sys, time
from pathlib import Path
from streams.local import LocalStack
with LocalStack(Path(sys.argv[1]), usual_ports=False) as stack:
    print(stack.kafka_pid, stack.redis_pid, stack.kafka, stack.redis_url, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack that these tests may kill: nobody else's data is on it."""
    with LocalStack(tmp_path_factory.mktemp("own"), usual_ports=False) as stack:
        yield stack


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_facts_of_any_age_and_size_are_taken(stack: LocalStack, prefix: str) -> None:
    """A 2 MiB record and a record of twenty years ago stay where their topic's settings allow them."""
    topic = f"{prefix}big"
    admin = KafkaAdminClient(bootstrap_servers=[stack.kafka])
    admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"message.timestamp.type": "CreateTime"})])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=[stack.kafka], max_request_size=4 << 20, acks="all")
    producer.send(topic, b"x" * (2 << 20), timestamp_ms=1_000_000_000_000).get(30)
    producer.close()
    consumer = KafkaConsumer(bootstrap_servers=[stack.kafka], max_partition_fetch_bytes=4 << 20)
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    records = [record for batch in consumer.poll(20_000).values() for record in batch]
    consumer.close()
    assert [len(record.value) for record in records] == [2 << 20]


def test_servers_listen_on_loopback_only(stack: LocalStack) -> None:
    """No port of the stack can be reached from another machine."""
    for pid in (stack.kafka_pid, stack.redis_pid):
        listening = [c.laddr.ip for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert listening
        assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}


def test_a_killed_server_comes_back_on_its_data(own_stack: LocalStack) -> None:
    """After kill -9 both are started again, with what was written to them."""
    client = redis.Redis.from_url(own_stack.redis_url)
    client.set("kept", "yes")
    admin = KafkaAdminClient(bootstrap_servers=[own_stack.kafka])
    admin.create_topics([NewTopic("kept", 1, 1)])
    admin.close()
    before = (own_stack.kafka_pid, own_stack.redis_pid)
    own_stack.kill_kafka()
    own_stack.kill_redis()
    until(lambda: own_stack.kafka_pid != before[0] and own_stack.redis_pid != before[1])
    own_stack.start_redis()
    assert client.get("kept") == b"yes"
    own_stack.start_kafka()
    admin = KafkaAdminClient(bootstrap_servers=[own_stack.kafka])
    assert "kept" in admin.list_topics()
    admin.close()


def test_a_stopped_server_stays_down_until_it_is_started(own_stack: LocalStack) -> None:
    """What watches over the servers starts again only those that died."""
    client = redis.Redis.from_url(own_stack.redis_url)
    client.set("kept", "yes")
    own_stack.stop_redis()
    time.sleep(1)
    with pytest.raises(redis.ConnectionError):
        client.get("kept")
    own_stack.start_redis()
    assert client.get("kept") == b"yes"


def test_a_second_start_on_a_folder_names_the_first(own_stack: LocalStack) -> None:
    """One stack per folder; the refusal says which process has it."""
    with pytest.raises(UserError, match=f"runs already, as process {os.getpid()}"), LocalStack(own_stack.folder):
        pass


def test_fresh_empties_the_folder_and_without_it_the_data_stays(tmp_path: Path) -> None:
    """Data outlives an orderly stop, also when the ports are others; `fresh` removes it."""
    with LocalStack(tmp_path, usual_ports=False) as stack:
        redis.Redis.from_url(stack.redis_url).set("kept", "yes")
    with LocalStack(tmp_path, usual_ports=False) as stack:
        assert redis.Redis.from_url(stack.redis_url).get("kept") == b"yes"
    with LocalStack(tmp_path, fresh=True, usual_ports=False) as stack:
        assert redis.Redis.from_url(stack.redis_url).get("kept") is None


def test_no_process_outlives_a_killed_starter(tmp_path: Path) -> None:
    """After kill -9 of the starter every process that it began ends too, and the folder can be had at once."""
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()[:2]]
        family = [child.pid for child in psutil.Process(starter.pid).children(recursive=True)]
        assert set(pids) < set(family)
        starter.kill()
        starter.wait(60)
    until(lambda: all(is_gone(pid) for pid in family), seconds=5)
    with HeldFile(tmp_path / "lock") as lock:
        assert lock.take_within(5)


def test_a_killed_guard_takes_its_server_along(own_stack: LocalStack) -> None:
    """Between the guard and its server the kernel sees to it."""
    server = own_stack.redis_pid
    parent = psutil.Process(server).parent()
    assert parent is not None
    parent.kill()
    until(lambda: is_gone(server))
    until(lambda: own_stack.redis_pid != server)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_what_to_export_and_ends_when_told(tmp_path: Path, how: signal.Signals) -> None:
    """Addresses and process ids on standard output, progress on the other, exit 0."""
    words = [sys.executable, "-c", "from streams.commands import main; main()", "local", "--folder", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        exports = dict(running.stdout.readline().strip().split("=", 1) for _ in range(3))
        pids = [int(word) for word in re.findall(r"is process (\d+)", running.stdout.readline())]
        assert redis.Redis.from_url(exports["DIALPULSE_REDIS_URL"]).ping()
        assert set(exports) == {"DIALPULSE_KAFKA", "DIALPULSE_REDIS_URL", "DIALPULSE_PARTITIONS"}
        assert [psutil.Process(pid).name() for pid in pids] == ["java", "redis-server"]
        running.send_signal(how)
        assert running.wait(60) == 0
        assert "starting Kafka" in running.stderr.read()
    assert all(is_gone(pid) for pid in pids)
