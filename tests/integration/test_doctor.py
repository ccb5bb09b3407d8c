"""`dialpulse doctor` on real parts: each thing that is wrong is a line with what to do, and the rest goes on."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner
from kafka.admin import ConfigResource, KafkaAdminClient

from schemas.redis_keys import marker_key
from streams import topics
from streams.commands import main
from streams.doctor.broker import judged_skew
from streams.doctor.findings import Level
from streams.producing import Outgoing
from streams.settings import Settings
from tests.floors import produce
from tests.workers import environment, running_worker

NOWHERE = {"DIALPULSE_KAFKA": "127.0.0.1:1", "DIALPULSE_REDIS_URL": "redis://127.0.0.1:1/0"}


def examine(settings: Settings, **other: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """The exit code and the findings by subject."""
    answer = CliRunner().invoke(main, ["doctor", "--json"], env=environment(settings) | other)
    assert answer.stderr == ""
    found: dict[str, list[dict[str, str]]] = {}
    for line in answer.stdout.splitlines():
        finding = json.loads(line)
        found.setdefault(finding["subject"], []).append(finding)
    return answer.exit_code, found


def problems(found: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {
        subject: finding["what"]
        for subject, findings in found.items()
        for finding in findings
        if finding["level"] == "problem"
    }


def until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_a_sound_system_has_no_problem(settings: Settings, tmp_path: Path) -> None:
    """With topics, a worker and Redis filled, everything is ok, and the exit code is 0."""
    with running_worker(settings, tmp_path):
        client = redis.Redis.from_url(settings.redis_url)
        until(lambda: client.exists(f"{settings.prefix}dialpulse:v1:heartbeat:3") == 1)
        code, found = examine(settings)
    assert (code, problems(found)) == (0, {})
    assert set(found) == {
        *("host", "zone", "broker", "rights", "clock", "topics", "lease", "generation", "workers", "lag", "rejected"),
        *("redis", "marker", "heartbeat"),
    }
    assert "partitions 0, 1, 2, 3" in found["heartbeat"][0]["what"]
    assert topics.check(settings) == []


def test_without_kafka_and_redis_each_is_a_problem_and_the_rest_goes_on(settings: Settings) -> None:
    """Nothing that is missing ends the examination; each says how to start it."""
    code, found = examine(settings, **NOWHERE)
    assert code == 1
    assert set(problems(found)) == {"broker", "redis"}
    told = [found[subject][0] for subject in ("broker", "redis")]
    assert all("dialpulse local" in finding["what"] + finding["remedy"] for finding in told)
    assert found["zone"][0]["level"] == "ok"


def test_a_variable_that_is_no_setting_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the one that was meant: TIMEZONE has no effect, and every hour would be another's. In `.env` too."""
    (tmp_path / ".env").write_text("DIALPULSE_REDIS=redis://127.0.0.1/1\nOTHER=1\n")
    monkeypatch.chdir(tmp_path)
    _, found = examine(settings, DIALPULSE_TIMEZONE="Europe/Paris", **NOWHERE)
    assert [(one["what"].split()[0], one["remedy"].split()[1]) for one in found["settings"]] == [
        ("DIALPULSE_REDIS", "DIALPULSE_REDIS_URL"),
        ("DIALPULSE_TIMEZONE", "DIALPULSE_TIME_ZONE"),
    ]
    (tmp_path / ".env").unlink()
    assert "settings" not in examine(settings, **NOWHERE)[1]


def test_without_topics_and_worker_it_says_what_to_run(settings: Settings) -> None:
    """A cluster that is not set up: topics to apply, no worker, Redis never filled."""
    code, found = examine(settings)
    assert code == 1
    assert found["topics"][0]["remedy"] == "make them with dialpulse topics apply"
    assert {"topics", "generation", "lag", "rejected", "marker", "heartbeat"} == set(problems(found))


def test_what_waits_and_what_was_rejected_is_counted(settings: Settings, tmp_path: Path) -> None:
    """Rejected records by reason; facts without a worker are lag, and a problem."""
    with running_worker(settings, tmp_path):
        produce(settings, [Outgoing(0, "dialer.calls.v1", b"o1", value) for value in (b"{}", b"{}", b"no")])
        client = redis.Redis.from_url(settings.redis_url)
        until(lambda: client.exists(marker_key(settings.prefix)) == 1)
    produce(settings, [Outgoing(0, "dialer.calls.v1", b"o1", b"{}")])
    code, found = examine(settings)
    assert code == 1
    assert {finding["what"] for finding in found["rejected"]} == {
        "2 records of dialer.calls.v1 in the last day: missing_field",
        "1 records of dialer.calls.v1 in the last day: not_json",
    }
    assert problems(found)["lag"].startswith("1 of ")
    assert found["workers"][0]["remedy"] == "start one with dialpulse worker"


def test_settings_unlike_the_workers_are_named(settings: Settings, tmp_path: Path) -> None:
    """The generation's entry and Redis' marker say under what the records were written."""
    with running_worker(settings, tmp_path):
        client = redis.Redis.from_url(settings.redis_url)
        until(lambda: client.exists(marker_key(settings.prefix)) == 1)
        code, found = examine(settings, DIALPULSE_CONVERSATION_RULE="outcome")
    assert code == 1
    assert "DIALPULSE_CONVERSATION_RULE=outcome" in problems(found)["generation"]
    assert "DIALPULSE_CONVERSATION_RULE=outcome" in problems(found)["marker"]


def test_a_lease_that_does_not_fit_the_session_is_a_problem(settings: Settings) -> None:
    """Outputs would be taken from a worker that no longer owns its partitions."""
    topics.apply(settings)
    admin = KafkaAdminClient(**settings.kafka_python())
    change = {"message.timestamp.before.max.ms": "60000"}
    admin.alter_configs([ConfigResource("topic", settings.topic("kpi.operator-hour.v1"), change)])
    admin.close()
    _, found = examine(settings)
    assert "message.timestamp.before.max.ms" in problems(found)["lease"]
    assert found["lease"][0]["remedy"] == "dialpulse topics apply"


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0.05, Level.OK),
        (-0.05, Level.OK),
        (0.6, Level.WARN),
        (-1.5, Level.WARN),
        (1.6, Level.PROBLEM),
        (-3, Level.PROBLEM),
    ],
)
def test_a_clock_isjudged_skew_by_what_a_lease_bears(ahead: float, level: Level) -> None:
    """Ahead by over a second, records are refused; behind by over two, a lease is too short; less is worth a word."""
    assert judged_skew(ahead, margin=0.01).level is level


def test_its_help_has_an_example_and_its_lines_say_what_to_do(settings: Settings) -> None:
    """Plain lines: level, subject, what, remedy."""
    answer = CliRunner().invoke(main, ["doctor", "--help"])
    assert "dialpulse doctor" in answer.stdout
    answer = CliRunner().invoke(main, ["doctor"], env=environment(settings) | NOWHERE)
    assert answer.exit_code == 1
    assert any(
        line.startswith("problem  redis") and "DIALPULSE_REDIS_URL" in line for line in answer.stdout.splitlines()
    )
