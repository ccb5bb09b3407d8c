"""Stored record batches, as Kafka has them in its log, become batches that cover their offsets."""

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.engine.batches import Batch, join
from streams.engine.unpacking import BatchRecords

ATTRIBUTES = 22
"""Where the low byte of a record batch's attributes is."""
LOG_APPEND, CONTROL = 0x08, 0x20


def stored(offsets: list[int], *, base: int = 0, flags: int = 0, codec: int = 0) -> bytearray:
    """A record batch with records at these offsets after its base; each value is its offset as text."""
    builder = DefaultRecordBatchBuilder(
        magic=2, compression_type=codec, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1,
        batch_size=1 << 20,
    )  # fmt: skip
    for delta in offsets:
        builder.append(delta, timestamp=1_000 + delta, key=None, value=str(base + delta).encode(), headers=[])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    data[ATTRIBUTES] |= flags
    return data


def unpacked(*batches: bytearray, position: int = 0) -> list[Batch]:
    """What aiokafka would hand on of these stored batches from this position."""
    data = bytes(b"".join(batches))
    records = BatchRecords(TopicPartition("calls", 3), MemoryRecords(data), [], position, None, None, False, 0)
    return list(records)


def test_a_stored_batch_keeps_offsets_values_and_times() -> None:
    """Offsets of a batch without holes cost nothing: they are a range."""
    [batch] = unpacked(stored([0, 1, 2], base=40), position=40)
    assert (batch.topic, batch.partition, batch.first, batch.next) == ("calls", 3, 40, 43)
    assert batch.offsets == range(40, 43)
    assert batch.values == [b"40", b"41", b"42"]
    assert batch.keys == [None, None, None]
    assert batch.timestamps == [1_000, 1_001, 1_002]


def test_a_position_inside_a_stored_batch_starts_there() -> None:
    """After a restart from a commit in the middle, nothing before it is delivered."""
    [batch] = unpacked(stored([0, 1, 2], base=40), position=41)
    assert (batch.first, batch.values) == (41, [b"41", b"42"])


def test_holes_of_compaction_keep_each_record_at_its_offset() -> None:
    """Compaction removes records inside of a batch and leaves its bounds."""
    [batch] = unpacked(stored([1, 4, 5], base=10), position=10)
    assert list(batch.offsets) == [11, 14, 15]
    assert (batch.first, batch.next) == (10, 16)


def test_all_records_of_a_log_append_batch_have_its_time() -> None:
    """Where the broker stamps the arrival, it stamps the batch, not its records."""
    [batch] = unpacked(stored([0, 1, 2], flags=LOG_APPEND))
    assert batch.timestamps == [1_002, 1_002, 1_002]


def test_a_control_batch_covers_its_offset_without_a_record() -> None:
    """A transaction's marker is no fact, and no hole either."""
    first, marker, last = unpacked(stored([0]), stored([0], base=1, flags=CONTROL), stored([0], base=2))
    assert (marker.first, marker.next, len(marker)) == (1, 2, 0)
    whole = join([first, marker, last])
    assert (whole.first, whole.next, list(whole.offsets)) == (0, 3, [0, 2])


def test_joined_batches_without_holes_are_one_range() -> None:
    """A fetch is one batch per partition, however many stored batches it held."""
    whole = join(unpacked(stored([0, 1]), stored([0, 1, 2], base=2)))
    assert whole.offsets == range(5)
    assert whole.values == [b"0", b"1", b"2", b"3", b"4"]


def test_a_compressed_batch_is_unpacked() -> None:
    """Codecs are the producer's choice."""
    [batch] = unpacked(stored([0, 1], codec=DefaultRecordBatch.CODEC_GZIP))
    assert batch.values == [b"0", b"1"]
