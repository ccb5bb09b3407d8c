"""The few requests by which a connection to Kafka begins, so that each step of it can be told apart.

The clients try again and again, and in the end say only that nobody answered; why stands in none of their errors.
"""

import socket
import struct
from typing import NamedTuple, Self

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
GREATEST_ANSWER = 1 << 20


class NoKafka(Exception):
    """What answered does not speak Kafka's protocol, or hung up."""


class Handshake(NamedTuple):
    """What a listener says to a SASL mechanism: 0 or Kafka's number of an error, and the mechanisms it takes."""

    error: int
    mechanisms: list[str]


class Wire:
    """A connected socket, with or without TLS, on which one request after another is answered."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def api_versions(self) -> dict[int, tuple[int, int]]:
        """The versions that the broker speaks, least and greatest, by request."""
        answer = self._ask(API_VERSIONS, 0, b"")
        error, count = struct.unpack_from(">hi", answer)
        if error or not 0 < count <= 1000 or len(answer) < 6 + 6 * count:
            raise NoKafka(f"no list of versions, but error {error}")
        rows = struct.iter_unpack(">hhh", answer[6 : 6 + 6 * count])
        return {key: (least, greatest) for key, least, greatest in rows}

    def handshake(self, mechanism: str) -> Handshake:
        """Asks for a SASL mechanism."""
        answer = self._ask(SASL_HANDSHAKE, 1, _text(mechanism))
        error, count = struct.unpack_from(">hi", answer)
        mechanisms, place = [], 6
        for _ in range(max(count, 0)):
            (length,) = struct.unpack_from(">h", answer, place)
            mechanisms.append(answer[place + 2 : place + 2 + length].decode())
            place += 2 + length
        return Handshake(error, mechanisms)

    def authenticate(self, token: bytes) -> tuple[int, bytes]:
        """Sends a token of the mechanism: 0 or Kafka's number of an error, and the token that came back."""
        answer = self._ask(SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
        error, words = struct.unpack_from(">hh", answer)
        (length,) = struct.unpack_from(">i", answer, place := 4 + max(words, 0))
        return error, answer[place + 4 : place + 4 + max(length, 0)]

    def _ask(self, request: int, version: int, body: bytes) -> bytes:
        head = struct.pack(">hhi", request, version, 1) + _text("dialpulse")
        try:
            self._sock.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
            (length,) = struct.unpack(">i", self._take(4))
            if not 4 <= length <= GREATEST_ANSWER:
                raise NoKafka(f"an answer of {length} bytes")
            return self._take(length)[4:]
        except struct.error as error:
            raise NoKafka(str(error)) from None

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            more = self._sock.recv(count - len(taken))
            if not more:
                raise NoKafka("hung up")
            taken += more
        return taken


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text.encode())) + text.encode()
