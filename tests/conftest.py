"""What tests share: one real Kafka and Redis for the whole run, and names of its own for each test."""

import os
import uuid
from collections.abc import Iterator

import hypothesis
import pytest

from streams.compiled import insist_on_fresh
from streams.errors import UserError
from streams.local import LocalStack
from streams.settings import Settings, load_settings
from tests.tools import find_unpacked

find_unpacked()

# A law is no stopwatch: a busy machine may take its time over an example. In CI the examples are the same each time, so
# that a change is judged by what it changes; elsewhere they are new with every run.
hypothesis.settings.register_profile("dialpulse", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("dialpulse")


def pytest_sessionstart() -> None:
    """What is tested is what can be read."""
    try:
        insist_on_fresh()
    except UserError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and Redis on free ports, started when first asked for (the first time on a machine fetches 45 MB)."""
    with LocalStack(tmp_path_factory.mktemp("stack"), usual_ports=False, progress=print) as running:
        yield running


@pytest.fixture
def redis_url(stack: LocalStack) -> str:
    """The address of the run's Redis; what a test writes there is under its `prefix`."""
    return stack.redis_url


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has, so that tests share a broker and never see each other."""
    return f"t{uuid.uuid4().hex[:12]}."


@pytest.fixture
def settings(stack: LocalStack, prefix: str) -> Settings:
    """Settings for the run's stack under the test's prefix, with four partitions."""
    return load_settings(kafka=stack.kafka, redis_url=stack.redis_url, prefix=prefix, partitions=4)
