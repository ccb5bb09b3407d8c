"""Large answers and requests of a Kafka with TLS and without, through the engine's connections."""

import asyncio
import random
import ssl
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition
from confluent_kafka.admin import NewTopic

from streams.engine.connections import Connection
from tests.connections import engine_connections
from tests.secure_stack import SecureStack

pytestmark = pytest.mark.timeout(300)
PARTITIONS = 3
TOPIC = "large-answers"


@pytest.fixture(params=["PLAINTEXT", "SSL"])
def protocol(request: pytest.FixtureRequest) -> Iterator[str]:
    """Over a socket of asyncio's own, and over its TLS, with the engine's connections for this test alone."""
    with engine_connections():
        yield request.param


@pytest.fixture(scope="module")
def topic(secure: SecureStack) -> str:
    """A topic for both."""
    admin = secure.admin  # kept in hand: with the last name of a client its answers go
    for made in admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]).values():
        made.result(20)
    return TOPIC


def test_megabytes_go_and_come_whole(secure: SecureStack, topic: str, protocol: str) -> None:
    """What is produced in record batches of most sizes is what is fetched, small and large answers mixed."""
    draw = random.Random(7)
    context = ssl.create_default_context(cafile=secure.certificate()) if protocol == "SSL" else None
    address = secure.kafka if protocol == "PLAINTEXT" else secure.address(protocol)
    access = {"bootstrap_servers": address, "security_protocol": protocol, "ssl_context": context}
    values = [draw.randbytes(draw.choice((10, 3_000, 200_000, 900_000))) for _ in range(90)]

    async def written_and_read() -> list[bytes]:
        producer = AIOKafkaProducer(max_request_size=1 << 20, **access)
        consumer = AIOKafkaConsumer(max_partition_fetch_bytes=1 << 20, **access)
        await producer.start()
        await consumer.start()
        try:
            places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            consumer.assign(places)
            await consumer.seek_to_end()
            for place in places:
                await consumer.position(place)
            for number, value in enumerate(values):
                await producer.send_and_wait(topic, value, str(number).encode(), number % PARTITIONS)
            found: dict[int, bytes] = {}
            while len(found) < len(values):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found |= {int(record.key): record.value for record in records}
            for client in (producer.client, consumer._client):
                assert all(isinstance(one, Connection) for one in client._conns.values())
            return [found[number] for number in range(len(values))]
        finally:
            await consumer.stop()
            await producer.stop()

    assert asyncio.run(asyncio.wait_for(written_and_read(), 120)) == values
