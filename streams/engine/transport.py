"""Faust's Kafka transport with the engine's consumer."""

from typing import ClassVar

from faust.transport.drivers import aiokafka as driver
from faust.types.transports import ConsumerT

from streams.engine.consuming import BatchConsumer


class BatchTransport(driver.Transport):
    """As Faust's own, but consumes in batches."""

    Consumer: ClassVar[type[ConsumerT]] = BatchConsumer
