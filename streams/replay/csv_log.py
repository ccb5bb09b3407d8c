"""Reads a log of rows (CSV, TSV) by a mapping: every row gives facts, or is reported with a reason."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from processors.building import Refusal
from processors.owners import owner_of, record_key
from processors.times import format_time
from streams.errors import UserError
from streams.replay.conditions import Row, UnreadableNumber
from streams.replay.entries import Entry, Reading, own_end, own_start, stated
from streams.replay.judging import Judge
from streams.replay.language import FileShape, Mapping
from streams.replay.local_times import LocalTimes, UnusableTime
from streams.replay.log_files import open_log
from streams.replay.mapping import columns_of
from streams.replay.rows import RowReader, UnusableRow


def read_csv(path: Path, mapping: Mapping, judge: Judge) -> Reading:
    """Reads the whole log; a row of which a fact would be rejected is reported with the reject's reason.

    UserError where the file cannot be read or lacks a column that the mapping names.
    """
    reading = Reading()
    times = LocalTimes(mapping.time)
    rows = RowReader(mapping, times, format_time)
    with open_log(path) as log:
        for line, row in _rows(log, path, mapping):
            reading.rows += 1
            try:
                entries = [_entry(topic, fact, judge) for topic, fact in rows.facts(_whole(row))]
            except (UnusableRow, UnusableTime, Refusal) as error:
                reading.leave_out(str(error.reason), line)
            except UnreadableNumber:
                reading.leave_out("unreadable_number", line)
            else:
                reading.used += 1
                reading.entries += entries
    if times.ambiguous_starts:
        which = mapping.time.ambiguous
        note = f"{times.ambiguous_starts:,} rows start in an hour that the clocks repeat: read as its {which}"
        reading.notes.append(note)
    return reading


def _whole(row: Row | str) -> Row:
    """The row; UnusableRow where it could not be taken apart."""
    if isinstance(row, str):
        raise UnusableRow(row)
    return row


def _entry(topic: str, fact: dict[str, Any], judge: Judge) -> Entry:
    start_us, end_us = own_start(topic, fact), own_end(topic, fact)
    operator, campaign = fact.get("operator_id"), fact.get("campaign_id")
    if start_us is None or end_us is None or (operator is None and campaign is None):
        raise UnusableRow("missing_field")
    fact.setdefault("stated_at", format_time(end_us))
    key = record_key(owner_of(operator, str(campaign)))
    value = msgspec.json.encode(fact)
    judge(topic, key, value)
    return Entry(stated(topic, fact) or end_us, start_us, fact.get("site_id"), topic, key, value)


def _rows(log: BinaryIO, path: Path, mapping: Mapping) -> Iterator[tuple[int, Row | str]]:
    """Line numbers and rows; a row that cannot be taken apart as the reason it is reported with."""
    text = io.TextIOWrapper(log, encoding=_encoding(mapping.file), errors="surrogateescape", newline="")
    # Without a quote sign every quotation mark is just a character.
    shape = mapping.file
    if shape.quote is None:
        cells = csv.reader(text, delimiter=shape.delimiter, quoting=csv.QUOTE_NONE)
    else:
        cells = csv.reader(text, delimiter=shape.delimiter, quotechar=shape.quote)
    columns = _columns(cells, path, mapping)
    while True:
        try:
            row = next(cells, None)
        except csv.Error:
            yield cells.line_num, "unreadable_row"
            continue
        except UnicodeError as error:
            raise UserError(f"{path}, line {cells.line_num + 1}: is not {mapping.file.encoding} ({error})") from None
        if row is None:
            return
        yield cells.line_num, _row(row, columns)


def _row(cells: list[str], columns: list[str]) -> Row | str:
    if not cells:
        return "empty_row"
    if len(cells) != len(columns):
        return "wrong_number_of_columns"
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return "wrong_encoding"
    return dict(zip(columns, map(str.strip, cells), strict=True))


def _columns(cells: Iterator[list[str]], path: Path, mapping: Mapping) -> list[str]:
    """The names of the file's columns, all that the mapping names among them."""
    try:
        columns = mapping.file.columns or [name.strip() for name in next(cells, [])]
    except (csv.Error, UnicodeError) as error:
        raise UserError(f"{path}, line 1: is no row of {mapping.file.encoding} text ({error})") from None
    for column, place in columns_of(mapping).items():
        if column not in columns:
            has = ", ".join(columns) or "none"
            raise UserError(f"{path}, line 1: lacks the column {column!r} of the mapping's {place} (it has: {has})")
    if len(set(columns)) != len(columns):
        raise UserError(f"{path}, line 1: names a column twice; name the columns in the mapping at file.columns")
    return columns


def _encoding(file: FileShape) -> str:
    return "utf-8-sig" if file.encoding.lower() in ("utf-8", "utf8") else file.encoding
