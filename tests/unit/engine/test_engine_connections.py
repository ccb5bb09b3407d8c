"""A connection's answers come out whole and in order, whatever pieces they come in; requests are aiokafka's bytes."""

import asyncio
import io
from typing import Any

from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.connections import AT_REST, SIZE, STEP, Answer, AnswerProtocol, add_pieces


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
    wanted = [bytes([mark]) * size for size, mark in answers]
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
    assert isinstance(error, KafkaConnectionError)
    assert "asks for TLS" in str(error)


def test_what_comes_after_the_end_is_dropped() -> None:
    """A connection that was closed takes nothing more."""
    taker = Taker(ends_after=1)
    _, error = fed([sent([b"one", b"two"]), sent([b"three"])], taker)
    assert (taker.taken, error) == ([b"one"], None)


@given(st.binary(max_size=60), st.lists(st.integers(0, 20), max_size=9))
def test_an_answer_is_read_as_a_file_is(received: bytes, counts: list[int]) -> None:
    """Fewer bytes at its end, none after it."""
    answer, file = Answer(memoryview(received)), io.BytesIO(received)
    assert [answer.read(count) for count in counts] == [file.read(count) for count in counts]


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
