"""The engine's connections in a test's own process, for as long as it needs them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiokafka import conn

from streams.engine import connections


@contextmanager
def engine_connections() -> Iterator[None]:
    """aiokafka connects by the engine's way, and by its own afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conn, "AIOKafkaProtocol", conn.AIOKafkaProtocol)
        patch.setattr(conn, "AIOKafkaConnection", conn.AIOKafkaConnection)
        connections.install()
        yield
