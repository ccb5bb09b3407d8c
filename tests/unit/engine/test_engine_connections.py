"""A connection's answers come out whole and in order, whatever pieces they come in; requests are aiokafka's bytes."""

import asyncio
import io
import random
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import conn
from aiokafka.errors import CorrelationIdError, KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest, ProduceResponse_v7
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.connections import (
    AT_REST,
    SIZE,
    STEP,
    Answer,
    AnswerProtocol,
    Connection,
    add_pieces,
)
from tests.connections import engine_connections


class Taker:
    """What stands at the end of a protocol: the answers as they came."""

    def __init__(self, *, ends_after: int | None = None) -> None:
        self.taken: list[bytes] = []
        self.ends_after = ends_after

    def connected(self) -> bool:
        """Whether it still takes."""
        return self.ends_after is None or len(self.taken) < self.ends_after

    def take(self, received: memoryview) -> None:
        """One answer."""
        if received == b"bad":
            raise ValueError("not an answer")
        self.taken.append(received.tobytes())


def fed(pieces: list[bytes], taker: Taker) -> tuple[AnswerProtocol, BaseException | None]:
    """A protocol that received these pieces, and the error that its connection would end with."""

    async def feed() -> tuple[AnswerProtocol, BaseException | None]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = AnswerProtocol(loop.create_future(), reader, loop=loop)
        protocol.hand_over_to(taker)  # type: ignore[arg-type]
        for piece in pieces:
            at = 0
            while at < len(piece):
                free = protocol.get_buffer(-1)
                assert len(free), "asyncio takes a buffer of nothing for an error"
                count = min(len(free), len(piece) - at)
                free[:count] = piece[at : at + count]
                protocol.buffer_updated(count)
                at += count
        return protocol, reader.exception()

    return asyncio.run(feed())


def sent(answers: list[bytes]) -> bytes:
    """Answers as a broker sends them."""
    return b"".join(SIZE.pack(len(answer)) + answer for answer in answers)


sizes = st.one_of(st.integers(0, 40), st.integers(AT_REST - 8, AT_REST + 8), st.integers(STEP - 8, STEP + 8))


@given(
    st.lists(st.tuples(sizes, st.integers(0, 255)), max_size=6),
    st.lists(st.one_of(st.integers(1, 9), st.integers(1, 2 * STEP)), min_size=1, max_size=40),
)
def test_answers_come_out_as_they_were_sent(answers: list[tuple[int, int]], cuts: list[int]) -> None:
    """However the network cuts them, also within their sizes."""
    wanted = [random.Random(mark).randbytes(size) for size, mark in answers]
    stream, pieces = sent(wanted), []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    taker = Taker()
    _, error = fed([*pieces, stream], taker)
    assert (taker.taken, error) == (wanted, None)


def test_a_buffer_that_grew_is_small_again_at_rest() -> None:
    """A worker keeps no megabytes for the small answers that come all day."""
    grown, _ = fed([sent([bytes(3 * STEP)])], Taker())
    assert len(grown._buffer) > 3 * STEP
    rested, _ = fed([sent([bytes(3 * STEP)]), sent([b"small"])], Taker())
    assert len(rested._buffer) == AT_REST


def test_an_error_in_an_answer_ends_the_connection() -> None:
    """As an error in aiokafka's own reading does; answers before it count."""
    taker = Taker()
    _, error = fed([sent([b"good", b"bad", b"late"])], taker)
    assert taker.taken == [b"good"]
    assert isinstance(error, ValueError)


def test_what_is_no_answer_of_kafka_is_told() -> None:
    """A broker that asks for TLS answers with a record of TLS: read as a size, a third of a gigabyte."""
    _, error = fed([b"\x15\x03\x03\x00\x02\x02\x50"], Taker())
    assert isinstance(error, ConnectionError)
    assert "asks for TLS" in str(error)


@pytest.mark.parametrize("size", [-1, -4, -(1 << 31)])
def test_a_size_below_nothing_is_an_error(size: int) -> None:
    """And is not read as an empty answer, which to a word of SASL means yes."""
    taker = Taker()
    _, error = fed([SIZE.pack(size) + bytes(20)], taker)
    assert (taker.taken, type(error)) == ([], ConnectionError)


def test_what_comes_after_the_end_is_dropped() -> None:
    """A connection that was closed takes nothing more."""
    taker = Taker(ends_after=1)
    _, error = fed([sent([b"one", b"two"]), sent([b"three"])], taker)
    assert (taker.taken, error) == ([b"one"], None)


@given(st.binary(max_size=60), st.lists(st.integers(0, 20), max_size=9))
def test_an_answer_is_read_as_a_file_is(received: bytes, counts: list[int]) -> None:
    """Fewer bytes at its end, none after it."""
    buffer, file = bytearray(received), io.BytesIO(received)
    answer = Answer(memoryview(buffer))
    read = [answer.read(count) for count in counts]
    buffer[:] = bytes(len(buffer))  # which is used again
    assert read == [file.read(count) for count in counts]


batches = st.lists(st.tuples(st.integers(0, 99), st.none() | st.binary(max_size=30)), max_size=4)


@given(st.lists(st.tuples(st.text(max_size=9), batches), max_size=4), st.sampled_from([-1, 0, 1]), st.integers(0, 9999))
def test_a_request_in_pieces_is_the_request(topics: list[Any], acks: int, timeout: int) -> None:
    """Byte for byte as aiokafka encodes it, in every version."""
    request = ProduceRequest(transactional_id=None, required_acks=acks, timeout=timeout, topics=topics)
    for version in ProduceRequest._CLASSES:
        prepared = request.build(version)
        pieces: list[bytes] = []
        add_pieces(prepared.SCHEMA, [getattr(prepared, name) for name in prepared.SCHEMA.names], pieces)
        assert b"".join(pieces) == prepared.encode()


VERSIONS = struct.pack(">hi", 0, 2) + struct.pack(">hhh", 0, 0, 7) + struct.pack(">hhh", 18, 0, 0)
"""A broker's first answer: it knows produce and the question for this."""
Ask = Callable[[], Awaitable[int]]
Behaviour = Callable[[Ask, asyncio.StreamWriter], Awaitable[None]]


def answered(number: int, name_size: int = 1) -> bytes:
    """The answer to one produce request, large by the name of its topic."""
    topics = [("t" * (name_size % 30_000 or 1), [])] + [("t" * 30_000, [])] * (name_size // 30_000)
    return struct.pack(">i", number) + ProduceResponse_v7.SCHEMA.encode([topics, name_size])


def with_broker(behaves: Behaviour, client: Callable[[Any], Awaitable[None]], **given: Any) -> None:
    """A connection to a broker that does what real ones seldom do, since no real one can be made to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def ask() -> int:
            size = SIZE.unpack(await reader.readexactly(4))[0]
            number: int = struct.unpack(">hhi", (await reader.readexactly(size))[:8])[2]
            return number

        writer.write(sent([struct.pack(">i", await ask()) + VERSIONS]))
        with suppress(asyncio.IncompleteReadError):
            await behaves(ask, writer)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = await conn.create_conn("127.0.0.1", port, **({"request_timeout_ms": 9000} | given))
        assert isinstance(connection, Connection)
        assert isinstance(connection._protocol, AnswerProtocol)
        try:
            await client(connection)
        finally:
            connection.close()
            server.close()

    with engine_connections():
        asyncio.run(asyncio.wait_for(run(), 20))


def produce() -> ProduceRequest:
    """Some request."""
    return ProduceRequest(transactional_id=None, required_acks=1, timeout=1000, topics=[("t", [(0, b"batch")])])


@pytest.mark.parametrize("size", [1, 3 * AT_REST])
def test_each_request_gets_its_answer(size: int) -> None:
    """Those that nobody waits for any more are passed over, small and large."""

    async def behaves(ask: Ask, writer: asyncio.StreamWriter) -> None:
        numbers = [await ask() for _ in range(3)]
        for place, number in enumerate(numbers):
            writer.write(sent([answered(number, size + place)]))
        await ask()

    async def client(connection: Any) -> None:
        waiting = [asyncio.ensure_future(connection.send(produce())) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        before = connection._last_action
        first, third = await waiting[0], await waiting[2]
        assert (first.throttle_time_ms, third.throttle_time_ms) == (size, size + 2)
        assert not connection._requests
        assert connection._last_action > before

    with_broker(behaves, client)


@pytest.mark.parametrize("size", [1, 3 * AT_REST])
def test_an_answer_to_another_question_ends_the_connection(size: int) -> None:
    """As aiokafka has it: what follows could not be trusted either."""

    async def behaves(ask: Ask, writer: asyncio.StreamWriter) -> None:
        writer.write(sent([answered(await ask() + 1, size)]))
        await ask()

    async def client(connection: Any) -> None:
        with pytest.raises(CorrelationIdError):
            await connection.send(produce())
        assert not connection.connected()

    with_broker(behaves, client)


def test_what_comes_after_a_broken_answer_is_not_read() -> None:
    """Both requests end with what was wrong, not with what reading on out of step makes of it."""

    async def behaves(ask: Ask, writer: asyncio.StreamWriter) -> None:
        first, second = await ask(), await ask()
        broken = struct.pack(">ii", first, 1 << 30) + bytes(2 * AT_REST)  # so many topics are not in there
        writer.write(sent([broken]))
        await writer.drain()
        writer.write(sent([answered(second)]))
        await ask()

    async def client(connection: Any) -> None:
        waiting = [asyncio.ensure_future(connection.send(produce())) for _ in range(2)]
        for one in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(one, KafkaConnectionError)
            assert isinstance(one.__cause__, ValueError)

    with_broker(behaves, client)


def test_a_connection_that_breaks_in_the_middle_fails_its_requests() -> None:
    """At once, not after their time."""

    async def behaves(ask: Ask, writer: asyncio.StreamWriter) -> None:
        writer.write(sent([answered(await ask(), 3 * AT_REST)])[:-9])

    async def client(connection: Any) -> None:
        with pytest.raises(KafkaConnectionError):
            await connection.send(produce())
        assert not connection.connected()

    with_broker(behaves, client)
