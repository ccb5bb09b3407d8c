"""aiokafka's unpacker of fetched bytes, yielding one `Batch` per stored record batch instead of one object per record.

Leans on private names of aiokafka (`consumer.fetcher.PartitionRecords` and `MemoryRecords`), so its version is pinned
and a contract test watches each of them. Meant for topics without transactions: aborted records are not left out.
"""

from collections.abc import Callable, Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from streams.engine.batches import Batch

try:
    from streams.engine.stored import StoredBatch, StoredBatches

    stored_batches: Callable[[bytes], Any] = StoredBatches
except ImportError:  # not compiled
    stored_batches, StoredBatch = MemoryRecords, None  # type: ignore[assignment, misc]

LOG_APPEND_TIME = 1


class BatchRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """The fetched bytes of one partition, as batches that cover the log without a gap wherever it has none."""

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Batch]:
        while self._records.has_next():
            try:
                batch = self._next()
            except ValueError as error:
                raise CorruptRecordException(f"{self._tp} at {self.next_fetch_offset}: {error}") from error
            if batch is not None:
                yield batch

    def _next(self) -> Batch | None:
        stored = self._records.next_batch()
        if self._check_crcs and not stored.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._tp}")
        start = self.next_fetch_offset
        if stored.next_offset <= start:
            return None
        batch = self._batch(stored, max(start, stored.base_offset))
        # Told before the batch is handed out: aiokafka takes its position from here when it stops in between.
        self.next_fetch_offset = stored.next_offset
        return batch

    def _batch(self, stored: Any, first: int) -> Batch:
        topic, partition = self._tp
        following = stored.next_offset
        if stored.is_control_batch:
            # Covers its offsets with no record, so that a producer's transaction marker is not taken for a hole.
            return Batch(topic, partition, first, following, [], [], [], [])
        if StoredBatch is not None and isinstance(stored, StoredBatch):
            return Batch.of_run(topic, partition, first, following, stored.run(first))
        records = list(stored)
        if stored.base_offset < first:  # a seek or a restart landed inside the stored batch
            records = [record for record in records if record.offset >= first]
        if stored.timestamp_type == LOG_APPEND_TIME:
            timestamps = [stored.max_timestamp] * len(records)
        else:
            timestamps = [record.timestamp for record in records]
        return Batch(
            topic,
            partition,
            first,
            following,
            [record.key for record in records],
            [record.value for record in records],
            timestamps,
            None if len(records) == following - first else [record.offset for record in records],
        )


def install() -> None:
    """Let every aiokafka consumer of this process deliver batches."""
    fetcher.PartitionRecords = BatchRecords
    fetcher.MemoryRecords = stored_batches
