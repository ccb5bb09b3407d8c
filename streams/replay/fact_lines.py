"""Reads logs of facts: JSON lines ``{"topic", "key", "value"}``, as they are to lie in Kafka.

``value`` is an object, or text to be sent as it is, whatever a reader will make of it. ``key`` may be absent: of an
object it is then the owner, of a text there is none. Unlike a log of rows, such a file is ours: a line that is not of
this form is an error.
"""

from pathlib import Path
from typing import Any

import msgspec

from processors.building import Refusal
from processors.owners import owner_of, record_key
from processors.times import format_time
from schemas.facts import FACT_TYPES
from streams.errors import UserError
from streams.replay.entries import Entry, Reading, Unused, own_end, own_start, stated
from streams.replay.judging import Judge
from streams.replay.log_files import open_log


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One line; ``value`` stays raw, so that every byte of it is sent as it was written."""

    topic: str
    value: msgspec.Raw
    key: str | None = None


_decode_line = msgspec.json.Decoder(Line).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def read_fact_lines(path: Path, judge: Judge) -> Reading:
    """Reads the whole log; UserError with the line number where a line is none of ours.

    What a worker would reject is sent all the same, and noted by its reason.
    """
    reading = Reading()
    rejected: dict[str, tuple[Unused, str]] = {}
    due_us = 0
    with open_log(path) as log:
        for number, text in enumerate(log, 1):
            if not text.strip():
                continue
            try:
                entry = _entry(_decode_line(text), due_us)
            except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError) as error:
                raise UserError(f"{path}, line {number}: {error}; a line is {{topic, key, value}} as JSON") from None
            # What has no time of its own keeps its place behind the line before it.
            due_us = entry.due_us
            reading.rows += 1
            reading.used += 1
            reading.entries.append(entry)
            try:
                judge(entry.topic, entry.key, entry.value)
            except Refusal as refusal:
                rejected.setdefault(refusal.reason, (Unused(), refusal.detail))[0].add(number)
    for reason, (lines, detail) in sorted(rejected.items()):
        reading.notes.append(f"{lines.rows:,} of these a worker will reject: {reason} ({lines.where}), as {detail}")
    return reading


def _entry(line: Line, due_us: int) -> Entry:
    if line.topic not in FACT_TYPES:
        raise ValueError(f"{line.topic} is no fact topic ({', '.join(FACT_TYPES)})")
    raw = bytes(line.value)
    key = None if line.key is None else line.key.encode()
    if not raw.startswith(b"{"):
        return _text_entry(line.topic, key, raw, due_us)
    fact = known_fields(raw)
    if key is None:
        key = _owner_key(fact)
    end_us = own_end(line.topic, fact)
    if fact.get("stated_at") is None and end_us is not None:
        raw = _with_stated_at(raw, end_us)
        fact["stated_at"] = format_time(end_us)
    at_us = own_start(line.topic, fact)
    return Entry(stated(line.topic, fact) or due_us, at_us, fact.get("site_id"), line.topic, key, raw)


def _with_stated_at(raw: bytes, end_us: int) -> bytes:
    """The object with one field more, every other byte as it was; a later field of the same name outranks a null."""
    comma = b"," if _decode_object(raw) else b""
    return raw.rstrip()[:-1] + comma + b'"stated_at":"' + format_time(end_us).encode() + b'"}'


def _text_entry(topic: str, key: bytes | None, raw: bytes, due_us: int) -> Entry:
    value = msgspec.json.decode(raw)
    if value is not None and not isinstance(value, str):
        raise ValueError("value is to be an object, or text to be sent as it is")
    if value is None and key is None:
        raise ValueError("a record has a key or a value, and this line has neither")
    return Entry(due_us, None, None, topic, key, None if value is None else value.encode())


def known_fields(raw: bytes) -> dict[str, Any]:
    """The fields of an object that are texts or null, decoded; all others left out (nothing here asks for them)."""
    fields = _decode_object(raw)
    texts = {name: bytes(value) for name, value in fields.items()}
    return {name: msgspec.json.decode(value) for name, value in texts.items() if value[:1] == b'"'}


def _owner_key(fact: dict[str, Any]) -> bytes:
    operator, campaign = fact.get("operator_id"), fact.get("campaign_id")
    if operator is None and campaign is None:
        raise ValueError("has no key, and its value neither operator_id nor campaign_id to make one of")
    return record_key(owner_of(operator, str(campaign)))
