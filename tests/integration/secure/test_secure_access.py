"""The door of a Kafka with TLS and SASL: who comes in, and the one line for each thing that is wrong."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.broker.door import knock
from streams.commands import main
from streams.errors import UserError
from streams.settings import Settings, load_settings
from tests.integration.secure.conftest import SUPERVISED, ended_by_itself, with_own_http
from tests.secure_stack import PLAIN_PASSWORD, PLAIN_USER, SecureStack
from tests.workers import environment

pytestmark = pytest.mark.timeout(300)
WRONG, AWAY = 2, 1
SCRAM = {"kafka_sasl_mechanism": "SCRAM-SHA-512", "kafka_username": "sam", "kafka_password": "sam's own"}
PLAIN = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": PLAIN_USER, "kafka_password": PLAIN_PASSWORD}


@pytest.fixture(scope="module")
def door(secure: SecureStack) -> SecureStack:
    """The broker, with a user that it knows by SCRAM."""
    secure.know("sam", SCRAM["kafka_password"])
    return secure


def at(stack: SecureStack, listener: str, protocol: str, **given: Any) -> Settings:
    """Settings for one of the listeners; the broker's own certificate is trusted unless said otherwise."""
    address = stack.kafka if listener == "PLAINTEXT" else stack.address(listener)
    trusted = {"kafka_ca_file": stack.certificate()} if protocol.endswith("SSL") else {}
    return load_settings(kafka=address, kafka_security_protocol=protocol, **(trusted | given))


@pytest.mark.parametrize(
    ("protocol", "proof"),
    [
        ("SASL_SSL", SCRAM),
        ("SASL_SSL", PLAIN),
        ("SASL_PLAINTEXT", SCRAM),
        ("SASL_PLAINTEXT", PLAIN),
        ("SSL", {}),
        ("PLAINTEXT", {}),
    ],
    ids=lambda given: given if isinstance(given, str) else given.get("kafka_sasl_mechanism", "nobody"),
)
def test_every_protocol_and_mechanism_lets_in_who_proves_it(
    door: SecureStack, protocol: str, proof: dict[str, str]
) -> None:
    """TLS or not, SCRAM, PLAIN or nobody in particular."""
    knock(at(door, protocol, protocol, **proof))


WRONGS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "wrong password": (
        "SASL_SSL", "SASL_SSL", SCRAM | {"kafka_password": "another's"},
        "does not know the user 'sam' by this password (SCRAM-SHA-512): correct DIALPULSE_KAFKA_USERNAME or DIALPULSE_",
    ),
    "wrong user": (
        "SASL_SSL", "SASL_SSL", SCRAM | {"kafka_username": "max"}, "does not know the user 'max' by this password",
    ),
    "wrong password, plain": (
        "SASL_PLAINTEXT", "SASL_PLAINTEXT", PLAIN | {"kafka_password": "another's"},
        f"does not know the user '{PLAIN_USER}' by this password (PLAIN)",
    ),
    "wrong mechanism": (
        "SASL_SSL", "SASL_SSL", SCRAM | {"kafka_sasl_mechanism": "SCRAM-SHA-256"},
        "does not take DIALPULSE_KAFKA_SASL_MECHANISM=SCRAM-SHA-256: it takes SCRAM-SHA-512 and PLAIN",
    ),
    "untrusted certificate": (
        "SASL_SSL", "SASL_SSL", SCRAM | {"kafka_ca_file": "misnamed"},
        "shows a certificate that is not trusted (self-signed certificate; trusted are DIALPULSE_KAFKA_CA_FILE=",
    ),
    "another host's certificate": (
        "MISNAMED", "SSL", {"kafka_ca_file": "misnamed"}, "shows another host's certificate (IP address mismatch",
    ),
    "TLS to a plain port": (
        "PLAINTEXT", "SSL", {},
        "speaks plain text, unlike DIALPULSE_KAFKA_SECURITY_PROTOCOL=SSL: set PLAINTEXT or SASL_PLAINTEXT",
    ),
    "SASL over TLS to a plain port": (
        "SASL_PLAINTEXT", "SASL_SSL", SCRAM, "SECURITY_PROTOCOL=SASL_SSL: set SASL_PLAINTEXT, or the port of another",
    ),
    "plain text to a TLS port": (
        "SSL", "PLAINTEXT", {}, "speaks TLS, unlike DIALPULSE_KAFKA_SECURITY_PROTOCOL=PLAINTEXT: set SSL or SASL_SSL",
    ),
    "SASL without TLS to a TLS port": (
        "SASL_SSL", "SASL_PLAINTEXT", SCRAM, "speaks TLS, unlike DIALPULSE_KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT",
    ),
    "no password where one is asked for": (
        "SASL_SSL", "SSL", {}, "asks for a name and password (SCRAM-SHA-512, PLAIN): set DIALPULSE_KAFKA_SECURITY_",
    ),
    "a password where none is asked for": (
        "SSL", "SASL_SSL", SCRAM, "asks for no name and password: set DIALPULSE_KAFKA_SECURITY_PROTOCOL=SSL",
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONGS)
def test_each_wrong_setting_has_a_line_of_its_own(door: SecureStack, wrong: str) -> None:
    """It says what is wrong and which setting to correct; exit code 2, and no secret is in it."""
    listener, protocol, given, words = WRONGS[wrong]
    files = {"kafka_ca_file": door.certificate(given["kafka_ca_file"])} if "kafka_ca_file" in given else {}
    settings = at(door, listener, protocol, **(given | files))
    with pytest.raises(UserError) as refused:
        knock(settings)
    assert refused.value.exit_code == WRONG
    assert str(refused.value).startswith(f"Kafka at {settings.kafka} ")
    assert words in str(refused.value)
    assert given.get("kafka_password", "nothing") not in str(refused.value)


def test_a_file_without_certificates_is_named(door: SecureStack, tmp_path: Path) -> None:
    """Where the key was named for the certificate, or a page of a web server was saved."""
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    with pytest.raises(UserError, match=f"DIALPULSE_KAFKA_CA_FILE={path} holds no certificates .*: name a file in PEM"):
        knock(at(door, "SSL", "SSL", kafka_ca_file=str(path)))


def test_one_server_that_lets_in_is_enough(door: SecureStack) -> None:
    """Of several bootstrap servers some may be away."""
    knock(load_settings(kafka=f"127.0.0.1:1,{door.kafka}"))
    with pytest.raises(UserError, match=r"127.0.0.1:1 does not answer \(Connection refused\)") as refused:
        knock(load_settings(kafka="127.0.0.1:1"))
    assert refused.value.exit_code == AWAY


COMMANDS = (
    ["topics", "check"],
    ["topics", "apply"],
    ["simulate", "--for", "1"],
    ["replay", "FILE", "--format", "facts"],
    ["reconcile"],
    ["explain", "o1", "2026-11-23T09:00Z"],
    ["worker", "--unsupervised"],
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_every_command_says_so_in_one_line(door: SecureStack, words: list[str], tmp_path: Path) -> None:
    """With a wrong password: exit code 2, and not a word of a client's beside the line."""
    path = tmp_path / "facts.jsonl"
    path.write_text("")
    settings = at(door, "SASL_SSL", "SASL_SSL", **(SCRAM | {"kafka_password": "another's"}))
    done = CliRunner().invoke(
        main, [str(path) if word == "FILE" else word for word in words], env=environment(settings)
    )
    assert done.exit_code == WRONG, done.output
    assert done.stderr.count("\n") == 1
    assert "does not know the user 'sam' by this password" in done.stderr


def test_the_doctor_has_it_as_a_finding(door: SecureStack) -> None:
    """With a wrong password the rest of Kafka is not looked at, and Redis is."""
    settings = at(door, "SASL_SSL", "SASL_SSL", redis_url=door.redis_url, **(SCRAM | {"kafka_password": "another's"}))
    done = CliRunner().invoke(main, ["doctor"], env=environment(settings))
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("problem  broker") and "does not know the user 'sam'" in line for line in lines)
    assert any(line.startswith("ok       redis") for line in lines)


def test_a_wrong_password_ends_the_supervised_worker_and_an_absent_broker_does_not(
    door: SecureStack, tmp_path: Path
) -> None:
    """The one is a setting, which no restart mends; the other is waited for, with growing pauses."""
    wrong = at(door, "SASL_SSL", "SASL_SSL", **(SCRAM | {"kafka_password": "another's"}))
    done = ended_by_itself(wrong)
    assert (done.returncode, done.stderr.count("\n")) == (WRONG, 1)
    log = tmp_path / "log"
    with log.open("wb") as said:
        absent = subprocess.Popen(SUPERVISED, env=with_own_http(load_settings(kafka="127.0.0.1:1")), stderr=said)
    try:
        while log.read_text().count("starting it again") < 2:
            assert absent.poll() is None
            time.sleep(0.1)
    finally:
        absent.terminate()
        absent.wait(30)
    assert "127.0.0.1:1 does not answer (Connection refused)" in log.read_text()
