"""Record batches of a size that the brokers take: what they refuse as too large goes again in smaller ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError
from faust.types import TP

from streams.engine.outgoing import Record
from streams.errors import UserError

FRAME = 64
"""What a record takes in a batch beside its key, value and headers, at most."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A record batch that the brokers hold: its first offset and its count."""

    partition: TP
    offset: int
    count: int


class Packer:
    """Writes records in as few batches as fit. Remembers of each topic what size of batch was refused."""

    def __init__(self) -> None:
        self._fits: dict[str, int] = {}

    async def send(self, producer: Any, partition: TP, stamp_ms: int, records: Sequence[Record]) -> list[Acknowledged]:
        """Writes the records straight to the partition and awaits every acknowledgement.

        Raises UserError for a single record that is too large for its topic, else whatever the brokers refuse with.
        """
        pending = []
        for builder, first, following in self._packed(producer, partition.topic, stamp_ms, records):
            size = builder.size()
            future = await producer.send_batch(builder, partition.topic, partition=partition.partition)
            pending.append((future, size, first, following))
        found = []
        for future, size, first, following in pending:
            try:
                found.append(Acknowledged(partition, (await future).offset, following - first))
            except (MessageSizeTooLargeError, RecordListTooLargeError):
                self._refused(partition.topic, size, following - first)
                found += await self.send(producer, partition, stamp_ms, records[first:following])
        return found

    def _packed(
        self, producer: Any, topic: str, stamp_ms: int, records: Sequence[Record]
    ) -> Iterator[tuple[Any, int, int]]:
        """Closed batches, each with the places of its first record and of the one that follows its last."""
        builder, first, fits = producer.create_batch(), 0, self._fits.get(topic)
        for place, record in enumerate(records):
            key, value, headers = record
            full = fits is not None and place > first and builder.size() + _size(record) > fits
            if full or builder.append(timestamp=stamp_ms, key=key, value=value, headers=list(headers)) is None:
                builder.close()
                yield builder, first, place
                builder, first = producer.create_batch(), place
                # The first record of a batch is taken whatever its size; only the broker may find it too large.
                builder.append(timestamp=stamp_ms, key=key, value=value, headers=list(headers))
        builder.close()
        yield builder, first, len(records)

    def _refused(self, topic: str, size: int, count: int) -> None:
        if count == 1:
            raise UserError(
                f"a record of {size:,} bytes is more than topic {topic} takes (its max.message.bytes): raise that, see "
                "dialpulse topics check; nothing was committed, so nothing is lost",
                exit_code=1,
            )
        self._fits[topic] = min(self._fits.get(topic, size), size // 2)


def _size(record: Record) -> int:
    key, value, headers = record
    extra = sum(len(name) + len(text) + FRAME for name, text in headers)
    return len(key or b"") + len(value or b"") + extra + FRAME
