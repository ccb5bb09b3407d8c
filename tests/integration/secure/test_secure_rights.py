"""Least rights: with what docs/security.md lists for it each program works, and each thing that is missing is named."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer

from schemas.kpis import KPI_TYPES
from schemas.rights import Right, Role, roles
from streams import topics
from streams.broker.clients import open_admin
from streams.broker.rights import lacking
from streams.commands import main
from streams.errors import UserError
from streams.settings import Settings
from tests.floors import produce
from tests.integration.pipeline_rig import ago, call, hour_of, reconciled, wait_for
from tests.integration.secure.conftest import System, ended_by_itself
from tests.secure_stack import SecureStack
from tests.workers import Worker, environment, running_worker

REFUSED = 2
pytestmark = pytest.mark.timeout(300)


def run(settings: Settings, *words: str) -> Any:
    """A command under a user's settings."""
    return CliRunner().invoke(main, words, env=environment(settings))


@pytest.fixture(scope="module")
def worked(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, Worker, str]]:
    """A worker of least rights that has taken the facts of a source of least rights, and the instant of its calls."""
    started_at = ago(60)
    with running_worker(system.settings("worker"), tmp_path_factory.mktemp("least"), apply=False) as worker:
        facts = [call(f"c{number}", started_at, operator_id=f"o{number % 7}", team_id="t1") for number in range(200)]
        # One under a wrong key, which the worker has to send home, and one that it has to reject.
        facts += [call("c200", started_at, key=b"somebody else"), call("c201", "not a time")]
        produce(system.settings("source"), facts)
        yield system, worker, started_at


def test_a_recount_agrees_with_a_worker_of_least_rights(worked: tuple[System, Worker, str]) -> None:
    """Over TLS and SCRAM, with the authorizer on: facts in, misplaced and rejected ones too, and 0 differences."""
    system, _, _ = worked
    done = run(system.settings("recount"), "reconcile", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["differences"] == []
    assert report["rejections"] == 1


def test_its_facts_are_explained(worked: tuple[System, Worker, str]) -> None:
    """By the rights of the recount, from the changelog alone."""
    system, _, started_at = worked
    run(system.settings("recount"), "reconcile")
    done = run(system.settings("recount"), "explain", "o1", hour_of(started_at), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["counts"]["calls"] == 30


def test_the_doctor_has_no_problem_with_its_rights(worked: tuple[System, Worker, str]) -> None:
    """Everything is looked at, the clock by a topic of its own included; and it says what its user may be."""
    system, _, _ = worked
    run(system.settings("recount"), "reconcile")
    done = run(system.settings("doctor"), "doctor", "--json")
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0, done.output
    assert {one["level"] for one in findings if one["subject"] == "clock"} == {"ok"}
    [told] = [one for one in findings if one["subject"] == "rights"]
    assert f"User:{system.user('doctor')} has those of" in told["what"] and "doctor" in told["what"]
    assert "for a worker" in told["what"]
    [told] = [one for one in _findings(system.settings("worker")) if one["subject"] == "rights"]
    assert (told["level"], "worker" in told["what"]) == ("ok", True)


def _findings(settings: Settings) -> list[dict[str, str]]:
    return [json.loads(line) for line in run(settings, "doctor", "--json").stdout.splitlines()]


def test_a_reader_of_least_rights_has_the_records(worked: tuple[System, Worker, str]) -> None:
    """A service under a group of its own, which needs a right of its own."""
    system, _, _ = worked
    run(system.settings("recount"), "reconcile")
    group = Right("group", "my-service", ("Read",))
    system.stack.grant(system.user("reader"), [group], "")
    settings = system.settings("reader")
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": system.user("reader"),
            "sasl.password": "password-of-reader",
            "ssl.ca.location": settings.kafka_ca_file,
            "group.id": group.name,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.subscribe([settings.topic(topic) for topic in KPI_TYPES])
        message, give_up = None, time.monotonic() + 30
        while message is None and time.monotonic() < give_up:
            message = consumer.poll(1)
        assert message is not None and message.error() is None
        assert message.key().partition(b"|")[1] == b"|"
    finally:
        consumer.close()


def test_every_single_right_of_a_worker_is_named_where_it_is_missing(secure: SecureStack) -> None:
    """One taken away after the other: each is told by its operation and the real name of its topic or group."""
    system = System(secure)
    settings, user = system.settings("worker"), system.user("worker")
    admin = open_admin(settings)
    try:
        for right in each_right(roles()["worker"]):
            secure.revoke(user, right, system.prefix)
            wait_for(lambda: lacking(settings, admin, "worker"))
            lacks = lacking(settings, admin, "worker")
            assert (right.kind, system.prefix + right.name, right.operations[0]) in lacks
            # Of a topic that may not even be described the broker does not tell what else may be done with it.
            assert {lack.name for lack in lacks} == {system.prefix + right.name}
            secure.grant(user, [right], system.prefix)
            wait_for(lambda: not lacking(settings, admin, "worker"))
    finally:
        admin.close()


def test_a_worker_without_a_right_ends_for_good_and_names_it(system: System) -> None:
    """The supervised command, as it is run: one line, exit code 2, and no second start."""
    right = Right("topic", "kpi.team-hour.v1", ("Write",))
    system.stack.revoke(system.user("worker"), right, system.prefix)
    try:
        done = ended_by_itself(system.settings("worker"))
    finally:
        system.stack.grant(system.user("worker"), [right], system.prefix)
    assert done.returncode == REFUSED
    assert done.stderr.count("\n") == 1
    assert f"User:{system.user('worker')} lacks Write" in done.stderr
    assert f"on topic {system.prefix}kpi.team-hour.v1" in done.stderr and "docs/security.md" in done.stderr


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("source", ["simulate", "--for", "1"]),
        ("recount", ["reconcile"]),
        ("recount", ["explain", "o1", "2026-11-23T09:00Z"]),
        ("topics", ["topics", "apply"]),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else given,
)
def test_a_command_without_rights_says_whose_and_which(system: System, role: str, words: list[str]) -> None:
    """A user without any: exit code 2, and one line."""
    nobody = system.prefix + "nobody"
    system.stack.know(nobody, "password-of-nobody")
    done = run(system.stack.settings(nobody, "password-of-nobody", prefix=system.prefix), *words)
    assert done.exit_code == REFUSED, done.output
    assert done.stderr.count("\n") == 1
    assert f"User:{nobody} lacks" in done.stderr and f"on topic {system.prefix}" in done.stderr


def test_one_rule_for_a_prefix_serves_a_whole_system_and_no_other(secure: SecureStack, tmp_path: Path) -> None:
    """On a shared cluster, by rules for all names that begin so: everything under the prefix, and nothing beside it."""
    prefix, user = f"p{uuid.uuid4().hex[:10]}.", f"u{uuid.uuid4().hex[:10]}"
    secure.know(user, "password-of-all")
    everything = ("Create", "AlterConfigs", "Read", "Write")
    rules = [Right("topic", "", everything, begins=True), Right("group", "", ("Read",), begins=True)]
    secure.grant(user, rules, prefix)
    settings = secure.settings(user, "password-of-all", prefix=prefix)
    with running_worker(settings, tmp_path):
        produce(settings, [call(f"c{number}", ago(60)) for number in range(50)])
        assert reconciled(settings).pages == 1
    other = secure.settings(user, "password-of-all", prefix="another.")
    with pytest.raises(UserError, match=f"User:{user} lacks .* on topic another"):
        topics.apply(other)


def test_a_right_that_is_taken_away_under_way_ends_the_worker_with_nothing_committed(
    secure: SecureStack, tmp_path: Path
) -> None:
    """Nothing is lost: once it is granted again, the next worker takes what the first one could not write."""
    system = System(secure)
    settings, right = system.settings("worker"), Right("topic", "kpi.operator-hour.v1", ("Write",))
    with running_worker(settings, tmp_path, apply=False) as worker:
        secure.revoke(system.user("worker"), right, system.prefix)
        produce(system.settings("source"), [call(f"c{number}", ago(60)) for number in range(50)])
        assert worker.process.wait(60) == 1
    assert f"TopicAuthorizationFailedError: {system.prefix}kpi.operator-hour.v1" in worker.said()
    secure.grant(system.user("worker"), [right], system.prefix)
    with running_worker(settings, tmp_path, apply=False):
        done = run(system.settings("recount"), "reconcile", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["pages"] == 1


def each_right(role: Role) -> list[Right]:
    """One right for every operation on every thing."""
    return [right._replace(operations=(operation,)) for right in role.rights for operation in right.operations]
