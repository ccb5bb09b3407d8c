# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""Kafka's stored record batches (format 2), compiled: checked, and told apart into records without an object for each.

Where this could not be compiled, aiokafka's own does it.
Source: https://kafka.apache.org/documentation/#recordbatch
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from aiokafka import codec
from aiokafka.record.memory_records import MemoryRecords
from crc32c import crc32c

cdef enum:
    # Where a batch's header has what.
    LENGTH_AT = 8
    MAGIC_AT = 16
    CRC_AT = 17
    ATTRIBUTES_AT = 21
    LAST_DELTA_AT = 23
    FIRST_STAMP_AT = 27
    GREATEST_STAMP_AT = 35
    COUNT_AT = 57
    HEADER = 61
    # What its attributes mean.
    CODEC = 7
    APPEND_TIME = 8
    CONTROL = 32
    MAGIC = 2
    # The columns of a run.
    KEYS = 0
    VALUES = 1
    STAMPS = 2
    OFFSETS = 3

_DECODE = {1: codec.gzip_decode, 2: codec.snappy_decode, 3: codec.lz4_decode, 4: codec.zstd_decode}

ctypedef const unsigned char* bytes_t


cdef inline long long _number(bytes_t at, int size) noexcept:
    """A signed number of so many bytes, the greatest first."""
    cdef unsigned long long found = 0 if at[0] < 128 else -1
    cdef int place
    for place in range(size):
        found = found << 8 | at[place]
    return <long long>found


cdef inline bint _varint(bytes_t* at, bytes_t end, long long* found) noexcept:
    """Reads a zigzag number and moves on; False where it does not end in time."""
    cdef unsigned long long read = 0
    cdef int shift = 0
    while at[0] < end and shift < 64:
        read |= <unsigned long long>(at[0][0] & 127) << shift
        shift += 7
        at[0] += 1
        if at[0][-1] < 128:
            found[0] = <long long>(read >> 1) ^ -<long long>(read & 1)
            return True
    return False


cdef inline bint _text(bytes_t* at, bytes_t end, bytes_t* found, Py_ssize_t* size) noexcept:
    """Reads bytes that may be absent (size -1) and moves on; False where they go beyond the end."""
    cdef long long length
    if not _varint(at, end, &length) or length > end - at[0]:
        return False
    found[0] = at[0]
    size[0] = max(length, -1)
    at[0] += max(length, 0)
    return True


cdef bint _headers(bytes_t* at, bytes_t end) noexcept:
    """Passes by a record's headers, which nothing reads; False where they are broken."""
    cdef long long count
    cdef bytes_t text
    cdef Py_ssize_t size
    if not _varint(at, end, &count) or count < 0:
        return False
    while count:
        if not _text(at, end, &text, &size) or size < 0 or not _text(at, end, &text, &size):
            return False
        count -= 1
    return True


cdef bint _record(bytes_t* at, bytes_t end, Span* span) noexcept:
    """Reads one record, its offset and time as what is to be added to its batch's; False where it is broken."""
    cdef long long size
    cdef bytes_t last
    if not _varint(at, end, &size) or not 0 < size <= end - at[0]:
        return False
    last = at[0] + size
    at[0] += 1  # attributes, of which none is used
    return (
        _varint(at, last, &span.stamp_ms) and _varint(at, last, &span.offset)
        and _text(at, last, &span.key, &span.key_size) and _text(at, last, &span.value, &span.value_size)
        and _headers(at, last) and at[0] == last
    )


cdef class RecordRun:
    """Records of one partition in offset order, lying in the bytes in which they were fetched."""

    def __dealloc__(self):
        free(self._spans)

    def __len__(self):
        return self.size

    cdef int _room_for(self, Py_ssize_t size) except -1:
        self._spans = <Span*>malloc(max(size, 1) * sizeof(Span))
        if self._spans == NULL:
            raise MemoryError
        return 0

    cdef Span* span(self, Py_ssize_t place) noexcept:
        """The record at this place, while this run lives."""
        return &self._spans[place]

    cdef bint is_key(self, Py_ssize_t place, bytes key) noexcept:
        """Whether the record at this place has this key."""
        cdef Span* span = &self._spans[place]
        cdef Py_ssize_t size = PyBytes_GET_SIZE(key)
        return span.key_size == size and memcmp(span.key, PyBytes_AS_STRING(key), size) == 0

    cdef object _field(self, int column, Py_ssize_t place):
        cdef Span* span = &self._spans[place]
        if column == STAMPS:
            return span.stamp_ms
        if column == OFFSETS:
            return span.offset
        cdef bytes_t text = span.key if column == KEYS else span.value
        cdef Py_ssize_t size = span.key_size if column == KEYS else span.value_size
        return None if size < 0 else PyBytes_FromStringAndSize(<const char*>text, size)

    @property
    def keys(self):
        """Each record's key: bytes or None."""
        return Column(self, KEYS)

    @property
    def values(self):
        """Each record's value: bytes or None."""
        return Column(self, VALUES)

    @property
    def timestamps(self):
        """Each record's time, milliseconds since the epoch."""
        return Column(self, STAMPS)

    @property
    def offsets(self):
        """Each record's offset."""
        return Column(self, OFFSETS)

    @property
    def latest_ms(self):
        """The greatest of the timestamps; the run has records."""
        cdef Py_ssize_t place
        cdef long long latest = self._spans[0].stamp_ms
        for place in range(self.size):
            latest = max(latest, self._spans[place].stamp_ms)
        return latest


cdef class Column:
    """One thing of each record of a run, as a sequence: an object is made whenever one is asked for."""

    cdef RecordRun _run
    cdef int _column

    def __init__(self, RecordRun run, int column):
        self._run, self._column = run, column

    def __len__(self):
        return self._run.size

    def __getitem__(self, Py_ssize_t place):
        if not 0 <= place < self._run.size:
            raise IndexError(place)
        return self._run._field(self._column, place)


def join_runs(list runs):
    """Runs of one partition in offset order -> one of them all."""
    cdef RecordRun joined = RecordRun(), run
    joined._kept = []
    joined._room_for(sum([len(run) for run in runs]))
    for run in runs:
        memcpy(&joined._spans[joined.size], run._spans, run.size * sizeof(Span))
        joined.size += run.size
        joined._kept += run._kept
    return joined


cdef class StoredBatch:
    """One stored batch: what its header says, its check and its records."""

    cdef bytes _data
    cdef Py_ssize_t _begin, _end
    cdef int _attributes
    cdef readonly long long base_offset, next_offset

    def __init__(self, bytes data, Py_ssize_t begin, Py_ssize_t end):
        cdef bytes_t header = <bytes_t>PyBytes_AS_STRING(data) + begin
        self._data, self._begin, self._end = data, begin, end
        self._attributes = _number(header + ATTRIBUTES_AT, 2)
        self.base_offset = _number(header, 8)
        self.next_offset = self.base_offset + _number(header + LAST_DELTA_AT, 4) + 1

    @property
    def is_control_batch(self):
        """Whether it only holds a mark of transactions."""
        return bool(self._attributes & CONTROL)

    def validate_crc(self):
        """Whether its bytes are those that were written."""
        cdef bytes_t header = <bytes_t>PyBytes_AS_STRING(self._data) + self._begin
        wanted = <unsigned int>_number(header + CRC_AT, 4)
        return crc32c(memoryview(self._data)[self._begin + ATTRIBUTES_AT : self._end]) == wanted

    def run(self, long long first):
        """Its records from this offset on. Raises ValueError where they are broken."""
        cdef bytes_t header = <bytes_t>PyBytes_AS_STRING(self._data) + self._begin
        cdef long long count = _number(header + COUNT_AT, 4)
        cdef long long first_ms = _number(header + FIRST_STAMP_AT, 8)
        cdef long long greatest_ms = _number(header + GREATEST_STAMP_AT, 8)
        cdef bytes data = self._data
        cdef bytes_t at = header + HEADER, end = <bytes_t>PyBytes_AS_STRING(data) + self._end
        if self._attributes & CODEC:
            data = self._unpacked()
            at = <bytes_t>PyBytes_AS_STRING(data)
            end = at + PyBytes_GET_SIZE(data)
        # A record takes seven bytes at least: no more room is taken on a broken batch's word.
        if not 0 <= count <= (end - at) // 7:
            raise ValueError(f"{count} records in {end - at} bytes")
        cdef RecordRun run = RecordRun()
        cdef Span* span
        cdef long long place
        run._kept = [data]
        run._room_for(count)
        for place in range(count):
            span = &run._spans[run.size]
            if not _record(&at, end, span) or not 0 <= span.offset < self.next_offset - self.base_offset:
                raise ValueError(f"record {place} of {count} is broken")
            span.offset += self.base_offset
            span.stamp_ms = greatest_ms if self._attributes & APPEND_TIME else first_ms + span.stamp_ms
            run.size += span.offset >= first
        if at != end:
            raise ValueError(f"{end - at} bytes after the last record")
        return run

    cdef bytes _unpacked(self):
        decode = _DECODE.get(self._attributes & CODEC)
        if decode is None:
            raise ValueError(f"unknown compression {self._attributes & CODEC}")
        try:
            return bytes(decode(self._data[self._begin + HEADER : self._end]))
        except Exception as error:  # each codec has its own
            raise ValueError(f"compressed by {decode.__name__[:-7]}, but broken: {error}") from error


cdef class StoredBatches:
    """The batches of one partition in the bytes of one fetch, the last of which may be cut off."""

    cdef bytes _data
    cdef Py_ssize_t _at
    cdef object _older

    def __init__(self, data):
        self._data = bytes(data or b"")  # Kafka may send none

    def size_in_bytes(self):
        """How much was fetched, what is cut off included."""
        return len(self._data)

    cdef Py_ssize_t _end(self) noexcept:
        """Where the next batch ends by its own word, 0 where it is not whole."""
        cdef Py_ssize_t left = PyBytes_GET_SIZE(self._data) - self._at
        if left < LENGTH_AT + 4:
            return 0
        cdef long long size = LENGTH_AT + 4 + _number(<bytes_t>PyBytes_AS_STRING(self._data) + self._at + LENGTH_AT, 4)
        return 0 if size > left else self._at + max(size, LENGTH_AT + 4)

    def has_next(self):
        """Whether there is a whole one more."""
        return self._older.has_next() if self._older is not None else self._end() > 0

    def next_batch(self):
        """The next one; aiokafka's own where it is of a format before 2. Raises ValueError where it is broken."""
        if self._older is not None:
            return self._older.next_batch()
        cdef Py_ssize_t begin = self._at, end = self._end()
        cdef int magic = self._data[begin + MAGIC_AT] if end - begin > MAGIC_AT else -1
        if 0 <= magic < MAGIC:
            self._older = MemoryRecords(self._data[begin:])
            return self._older.next_batch()
        if magic != MAGIC or end - begin < HEADER:
            raise ValueError(f"a batch of {max(end - begin, 0)} bytes and format {magic}")
        self._at = end
        return StoredBatch(self._data, begin, end)
