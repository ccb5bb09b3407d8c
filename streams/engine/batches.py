"""A run of records of one partition, which travels through Faust as one message.

What Faust does per message (queues, stream iterator, sensors, acks) is then paid once per some thousands of records.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import faust

if TYPE_CHECKING:
    from streams.engine.stored import RecordRun


class Batch:
    """Records of one partition in offset order, and the stretch of the log that they cover.

    `first` is the first offset covered and `next` the one after the last. The stretch may hold fewer records than
    offsets (compaction, control records), or none at all. Timestamps are milliseconds since the epoch.
    `acked` is set once every record is folded; only then may the offsets be committed. `run` has the same records for
    compiled modules, where there are such: then keys, values and timestamps are made when they are asked for.
    """

    __slots__ = ("_offsets", "acked", "first", "keys", "next", "partition", "run", "timestamps", "topic", "values")

    def __init__(
        self,
        topic: str,
        partition: int,
        first: int,
        next: int,  # noqa: A002 - the log's own word
        keys: Sequence[bytes | None],
        values: Sequence[bytes | None],
        timestamps: Sequence[int],
        offsets: Sequence[int] | None = None,
        run: "RecordRun | None" = None,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.first = first
        self.next = next
        self.keys = keys
        self.values = values
        self.timestamps = timestamps
        self.acked = False
        self._offsets = offsets
        self.run = run

    @classmethod
    def of_run(cls, topic: str, partition: int, first: int, next: int, run: "RecordRun") -> "Batch":  # noqa: A002
        """A batch of records that lie in fetched bytes."""
        offsets = None if run.size == next - first else run.offsets
        return cls(topic, partition, first, next, run.keys, run.values, run.timestamps, offsets, run)

    @property
    def latest_ms(self) -> int | None:
        """The greatest timestamp, None where there is no record."""
        if not self.values:
            return None
        return max(self.timestamps) if self.run is None else self.run.latest_ms

    @property
    def offsets(self) -> Sequence[int]:
        """The offset of each record, in the order of `values`."""
        return range(self.first, self.next) if self._offsets is None else self._offsets

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"<Batch {self.topic}-{self.partition} [{self.first}, {self.next}) {len(self)} records>"


def join(run: Sequence[Batch]) -> Batch:
    """Batches of one partition in offset order -> one that covers them all."""
    head = run[0]
    if len(run) == 1:
        return head
    first, following = head.first, run[-1].next
    full = [batch for batch in run if batch.values]
    if full and all(batch.run is not None for batch in full):
        from streams.engine.stored import join_runs

        joined = join_runs([cast("RecordRun", batch.run) for batch in full])
        return Batch.of_run(head.topic, head.partition, first, following, joined)
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    timestamps: list[int] = []
    for batch in full:
        keys += batch.keys
        values += batch.values
        timestamps += batch.timestamps
    offsets = None
    if len(values) != following - first:
        offsets = [offset for batch in full for offset in batch.offsets]
    return Batch(head.topic, head.partition, first, following, keys, values, timestamps, offsets)


class BatchSchema(faust.Schema[Any, Any]):
    """Hands the batch to whoever reads the topic as it is: bytes are decoded where they are judged, not here."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        """No key: a batch has one per record."""
        return None

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        """The batch itself."""
        return message.value
