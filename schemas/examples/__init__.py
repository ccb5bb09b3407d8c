"""Example records of every topic with a public form: tests, docs and fixtures at once (format: README.md here)."""

import base64
import json
from importlib.resources import files
from typing import Any

import msgspec

from schemas.rejections import Reason


class Repeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bytes too many to write down: ``before``, then ``text`` so many times, then ``after``."""

    text: str
    times: int
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return self.before + self.text * self.times + self.after


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record of a topic, what was accepted before it, and what becomes of it.

    Exactly one of ``value``, ``raw``, ``raw_base64`` and ``repeat`` gives the value. ``record_timestamp`` is the Kafka
    record's, RFC 3339. ``before`` lists values that the same page accepted earlier, in order. ``detail_names`` is the
    field that the rejection's detail must name.
    """

    why: str
    key: str
    record_timestamp: str
    expect: str
    name: str = ""
    value: dict[str, Any] | None = None
    raw: str | None = None
    raw_base64: str | None = None
    repeat: Repeat | None = None
    before: list[dict[str, Any]] = []
    detail_names: str | None = None

    @property
    def reason(self) -> Reason | None:
        """Why the record is rejected, None where it is accepted. Raises ValueError for an unknown reason."""
        return None if self.expect == "accepted" else Reason(self.expect)

    def key_bytes(self) -> bytes:
        """The record's key."""
        return self.key.encode()

    def value_bytes(self) -> bytes:
        """The record's value, byte for byte."""
        if self.raw_base64 is not None:
            return base64.b64decode(self.raw_base64, validate=True)
        if self.raw is not None:
            return self.raw.encode()
        return str(self.repeat).encode() if self.repeat is not None else encode(self.value)

    def before_bytes(self) -> list[bytes]:
        """The values accepted earlier, byte for byte."""
        return [encode(value) for value in self.before]


def encode(value: object) -> bytes:
    """A value as a source may write it: UTF-8 JSON without blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def topics() -> list[str]:
    """The topics that have examples."""
    return sorted(entry.name for entry in files(__name__).iterdir() if entry.is_dir() and entry.name[0] not in "._")


def load_examples(topic: str) -> list[Example]:
    """The examples of a topic by file name, the good ones first; ``name`` is the file's without ``.json``.

    Raises FileNotFoundError for a topic without examples and ``msgspec.ValidationError`` for a file out of format.
    """
    found = []
    for entry in sorted(files(__name__).joinpath(topic).iterdir(), key=lambda entry: entry.name):
        example = msgspec.json.decode(entry.read_bytes(), type=Example)
        found.append(msgspec.structs.replace(example, name=entry.name.removesuffix(".json")))
    return sorted(found, key=lambda example: example.reason is not None)
