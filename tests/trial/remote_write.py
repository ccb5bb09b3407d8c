"""Samples into a Prometheus that receives remote writes: the protocol's message, written out by hand."""

import struct
import urllib.request
from collections.abc import Iterable, Sequence

import cramjam

Labels = tuple[tuple[str, str], ...]
Series = tuple[Labels, Sequence[tuple[int, float]]]
"""Labels in order of their names, and samples (milliseconds, value) in order of time."""

_VALUE = struct.Struct("<d")
_PER_MESSAGE = 200_000

STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The one not-a-number by which Prometheus marks that a series has ended."""


def varint(number: int) -> bytes:
    """A whole number as protobuf has it: seven bits a byte, the least first."""
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
    return bytes(made)


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _series(labels: Labels, samples: Sequence[tuple[int, float]], stamps: dict[int, bytes]) -> bytes:
    parts = [_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels]
    for at_ms, value in samples:
        stamp = stamps.get(at_ms)
        if stamp is None:
            stamp = stamps[at_ms] = b"\x10" + varint(at_ms)
        parts.append(b"\x12" + bytes((9 + len(stamp),)) + b"\x09" + _VALUE.pack(value) + stamp)
    return b"".join(parts)


def write(address: str, series: Iterable[Series]) -> None:
    """Sends all of it, in messages of a bounded size."""
    stamps: dict[int, bytes] = {}
    message, held = [], 0
    for labels, samples in series:
        message.append(_field(1, _series(labels, samples, stamps)))
        held += len(samples)
        if held > _PER_MESSAGE:
            _send(address, b"".join(message))
            message, held = [], 0
    if message:
        _send(address, b"".join(message))


def _send(address: str, message: bytes) -> None:
    request = urllib.request.Request(
        f"http://{address}/api/v1/write",
        data=bytes(cramjam.snappy.compress_raw(message)),
        headers={
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        },
    )
    # Made above, of an address of this machine.
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        assert answer.status in (200, 204)
