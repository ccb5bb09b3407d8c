"""Opens logs: gzip or plain, told apart by their content, never by their name."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from streams.errors import UserError

_GZIP = b"\x1f\x8b"


@contextmanager
def open_log(path: Path) -> Iterator[BinaryIO]:
    """The log's bytes, unpacked; UserError where it cannot be read, or where a packed one is broken."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            yield io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=plain))) if packed else plain
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path} is broken as gzip ({error}): copy it anew") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): name a file, packed or plain") from None
