"""aiokafka's connections with fewer copies: an answer is received where it is decoded, a request joined once.

aiokafka receives an answer in pieces, appends each to a growing buffer, and copies the whole out of it; what it
produces it copies at every level of the request. Both are a tenth of a busy worker's time. Leans on private names of
`aiokafka.conn`, which a contract test watches.
"""

import asyncio
import struct
import time
import weakref
from collections.abc import Awaitable
from typing import Any

from aiokafka import conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.types import Array, Bytes, Int32, Schema
from aiokafka.util import wait_for

SIZE = struct.Struct(">i")
"""Kafka's prefix of each request and answer."""
AT_REST = 1 << 16
"""Bytes of the buffer while answers are small, as they are unless a worker has facts to catch up with."""
STEP = 1 << 20
"""A buffer for larger ones is a multiple of this, so that it seldom has to grow again."""
LARGEST = 1 << 28
"""What no answer of a broker to this worker's requests comes near; the first bytes of TLS, read as a size, are more."""


class Answer:
    """Reads a received answer as aiokafka's decoder does a file. What is read are copies: the buffer is used again."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, received: memoryview) -> None:
        self._bytes, self._at = received, 0

    def read(self, count: int) -> bytes:
        """The next bytes, fewer at the end."""
        at = self._at
        self._at = at + count
        return self._bytes[at : at + count].tobytes()


class AnswerProtocol(conn.AIOKafkaProtocol, asyncio.BufferedProtocol):  # type: ignore[misc]  # aiokafka has no types
    """Receives answers into one buffer, which grows to the largest of a rush, and hands each over where it lies.

    aiokafka's stream of the connection gets no bytes, only its end and its errors, which close the connection.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connection: weakref.ref[Connection] | None = None
        self._buffer = bytearray(AT_REST)
        self._filled = 0
        self._failed = False

    def hand_over_to(self, connection: "Connection") -> None:
        """Whose answers these are. Comes before the first request, so before the first answer."""
        self._connection = weakref.ref(connection)

    def get_buffer(self, sizehint: int) -> memoryview:
        """What is free of the buffer, as a view, since TLS slices it. Never nothing: whole answers are taken out."""
        if self._is_over():
            return memoryview(bytearray(AT_REST))
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Hands over every answer that is whole.

        An error in it ends the connection as one in aiokafka's reading does, a turn of the loop later: what comes in
        between is out of step, and is not read.
        """
        if self._is_over():
            return
        self._filled += nbytes
        try:
            self._take_out()
        except Exception as error:  # noqa: BLE001 - as any error of aiokafka's reading task
            self._failed = True
            if self._stream_reader is not None:
                self._stream_reader.set_exception(error)

    def _is_over(self) -> bool:
        """Nothing more is to be read. A connection over TLS that closes reads once more, from within its closing."""
        return self._failed or (self._transport is not None and self._transport.is_closing())

    def _take_out(self) -> None:
        at, needed = 0, SIZE.size
        while self._filled - at >= SIZE.size:
            following = at + SIZE.size + SIZE.unpack_from(self._buffer, at)[0]
            needed = following - at
            if not SIZE.size <= needed <= LARGEST:
                raise ConnectionError(f"an answer of {needed - SIZE.size:,} bytes: no Kafka, or one that asks for TLS")
            if following > self._filled:
                break
            connection = self._connection() if self._connection is not None else None
            if connection is None or not connection.connected():
                at = self._filled
                break
            with memoryview(self._buffer) as received:
                connection.take(received[at + SIZE.size : following])
            at, needed = following, SIZE.size
        self._make_room(at, needed)

    def _make_room(self, at: int, needed: int) -> None:
        """Moves what is left to the front, of a larger buffer where the answer asks for one, of a small one at rest."""
        left = self._filled - at
        if needed > len(self._buffer) or (at and needed <= AT_REST < len(self._buffer) and at < AT_REST):
            other = bytearray(AT_REST if needed <= AT_REST else -(-needed // STEP) * STEP)
            other[:left] = memoryview(self._buffer)[at : self._filled]
            self._buffer = other
        elif at and left:
            self._buffer[:left] = self._buffer[at : self._filled]
        self._filled = left


class Connection(conn.AIOKafkaConnection):  # type: ignore[misc]  # aiokafka has no types
    """One connection to a broker."""

    def _create_reader_task(self) -> Any:
        self._protocol.hand_over_to(self)
        return super()._create_reader_task()

    def take(self, received: memoryview) -> None:
        """One answer, without its size. The bytes are the caller's again afterwards."""
        number, request, waiting = self._requests[0]
        answer = Answer(received)
        is_small = number is None or len(received) < AT_REST  # without a number it is a word of SASL
        if is_small or request.parse_response_header(answer).correlation_id != number:
            self._handle_frame(received.tobytes())
            return
        if not waiting.done():
            waiting.set_result(request.RESPONSE_TYPE.decode(answer))
        self._last_action = time.monotonic()
        self._requests.popleft()

    def send(self, request: Any, expect_response: bool = True) -> Awaitable[Any]:
        """As aiokafka's; what is produced is joined once instead of at every level."""
        if not isinstance(request, ProduceRequest) or not expect_response or self._writer is None:
            sent: Awaitable[Any] = super().send(request, expect_response)
            return sent
        prepared = request.prepare(self._versions)
        number = self._next_correlation_id()
        pieces = [prepared.build_request_header(correlation_id=number, client_id=self._client_id).encode()]
        add_pieces(prepared.SCHEMA, [getattr(prepared, name) for name in prepared.SCHEMA.names], pieces)
        try:
            self._writer.write(b"".join([SIZE.pack(sum(map(len, pieces))), *pieces]))
        except OSError as error:
            self.close(reason=conn.CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"connection to {self._host}:{self._port} broken: {error}") from error
        waiting = self._loop.create_future()
        self._requests.append((number, prepared, waiting))
        answered: Awaitable[Any] = wait_for(waiting, self._request_timeout)
        return answered


def add_pieces(kind: Any, value: Any, pieces: list[bytes]) -> None:
    """A value of one of aiokafka's protocol types, as the bytes that they give joined; record batches as they are."""
    if type(kind) is Schema:
        for field, part in zip(kind.fields, value, strict=True):
            add_pieces(field, part, pieces)
    elif type(kind) is Array and value is not None:
        pieces.append(Int32.encode(len(value)))
        for item in value:
            add_pieces(kind.array_of, item, pieces)
    elif kind is Bytes and value is not None:
        pieces += (Int32.encode(len(value)), value)
    else:
        pieces.append(kind.encode(value))


def install() -> None:
    """Let every aiokafka client of this process connect so."""
    conn.AIOKafkaProtocol = AnswerProtocol
    conn.AIOKafkaConnection = Connection
