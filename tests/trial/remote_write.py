"""Samples into a Prometheus that receives remote writes: the protocol's message, written out by hand."""

import struct
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from functools import lru_cache

import cramjam

Labels = tuple[tuple[str, str], ...]
"""Labels in order of their names."""
Run = tuple[int, int, Sequence[float]]
"""Samples at even distances: milliseconds of the first, milliseconds between two, values."""
Series = tuple[Labels, Sequence[Run]]

_PER_MESSAGE = 200_000
_SAMPLE_BYTES = 18
"""Field and length, field and value, field and a time of our century in milliseconds."""


class NotTakenError(Exception):
    """Prometheus refuses samples: in its own words."""


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


@lru_cache(maxsize=100_000)
def _without_value(at_ms: int) -> bytes:
    return b"\x12\x10\x09" + bytes(8) + b"\x10" + varint(at_ms)


@lru_cache(maxsize=2000)
def _without_values(begins_ms: int, step_ms: int, count: int) -> bytes:
    return b"".join(map(_without_value, range(begins_ms, begins_ms + count * step_ms, step_ms)))


def _samples(run: Run) -> bytearray:
    begins_ms, step_ms, values = run
    made = bytearray(_without_values(begins_ms, step_ms, len(values)))
    assert len(made) == _SAMPLE_BYTES * len(values)
    raw = struct.pack(f"<{len(values)}d", *values)
    # Byte by byte of all values at once: millions of them go through here.
    for place in range(8):
        made[3 + place :: _SAMPLE_BYTES] = raw[place::8]
    return made


def write(address: str, series: Iterable[Series]) -> None:
    """Sends all of it, in messages of a bounded size."""
    message, held = [], 0
    for labels, runs in series:
        named = [_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels]
        message.append(_field(1, b"".join([*named, *map(_samples, runs)])))
        held += sum(len(values) for _, _, values in runs)
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
    try:
        # Made above, of an address of this machine.
        with urllib.request.urlopen(request, timeout=600):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise NotTakenError(error.read().decode()) from None
