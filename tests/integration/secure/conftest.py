"""One Kafka with TLS, SASL and an authorizer for all tests in here, and systems whose users may do just theirs."""

import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from schemas.rights import roles
from streams import topics
from streams.ports import any_free
from streams.settings import Settings
from tests.secure_stack import SecureStack
from tests.workers import environment

SUPERVISED = [sys.executable, "-m", "streams.commands", "worker"]
"""`dialpulse worker` as it is run: with the supervisor that starts it again."""


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureStack]:
    """The broker, with Redis beside it."""
    with SecureStack(tmp_path_factory.mktemp("secure"), usual_ports=False, progress=print) as running:
        yield running


class System:
    """A prefix of its own, a user for each role with exactly its rights, and the topics, made by who may make them."""

    def __init__(self, stack: SecureStack) -> None:
        self.stack = stack
        self.prefix = f"s{uuid.uuid4().hex[:10]}."
        for role, needs in roles().items():
            stack.know(self.user(role), f"password-of-{role}")
            stack.grant(self.user(role), needs.rights, self.prefix)
        topics.apply(self.settings("topics"))

    def user(self, role: str) -> str:
        """The user of a role."""
        return f"{self.prefix}{role}"

    def settings(self, role: str, **overrides: object) -> Settings:
        """A role's settings."""
        return self.stack.settings(self.user(role), f"password-of-{role}", **({"prefix": self.prefix} | overrides))


@pytest.fixture(scope="session")
def system(secure: SecureStack) -> System:
    """A system on the cluster; tests that change its rights put them back."""
    return System(secure)


def with_own_http(settings: Settings) -> dict[str, str]:
    """A worker's variables, with a port of its own for its metrics."""
    return environment(settings) | {"DIALPULSE_WORKER_HTTP": f"127.0.0.1:{any_free('127.0.0.1')}"}


def ended_by_itself(settings: Settings) -> "subprocess.CompletedProcess[str]":
    """What a supervised worker said that ended for good."""
    return subprocess.run(
        SUPERVISED, env=with_own_http(settings), capture_output=True, text=True, timeout=120, check=False
    )
