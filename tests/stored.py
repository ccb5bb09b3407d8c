"""Record batches as a broker stores them, and what a worker's unpacker makes of them."""

from collections.abc import Iterable
from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from streams.engine.batches import Batch
from streams.engine.unpacking import BatchRecords

Row = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""How far its offset is from the batch's, timestamp in milliseconds, key, value, headers."""

_ATTRIBUTES = 22
"""Where the low byte of a record batch's attributes is."""


def written(rows: Iterable[Row], *, base: int = 0, flags: int = 0, codec: int = 0) -> bytearray:
    """A record batch from the offset ``base`` on; ``flags`` are added to its attributes."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 30,
    )  # fmt: skip
    for delta, stamp_ms, key, value, headers in rows:
        builder.append(delta, timestamp=stamp_ms, key=key, value=value, headers=headers)
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    data[_ATTRIBUTES] |= flags
    return data


def unpacked(records: Any, topic: str, partition: int, position: int, *, check: bool) -> list[Batch]:
    """What aiokafka would hand on of these ``records`` (its own, or those compiled) from this position."""
    place = TopicPartition(topic, partition)
    return list(BatchRecords(place, records, [], position, None, None, check, 0))
