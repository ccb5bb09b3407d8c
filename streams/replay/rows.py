"""Turns one row of a log into facts, as a mapping says."""

from collections.abc import Callable
from typing import Any

from streams.replay.conditions import Row, holds, number
from streams.replay.language import Cell, Mapping
from streams.replay.local_times import LocalTimes, RowTimes

Value = str | bool | int | float | None

TIME_FIELDS = frozenset(
    (
        *("started_at", "answered_at", "ended_at", "call_started_at", "callback_at"),
        *("booked_at", "scheduled_for", "closed_at", "since", "stated_at"),
    )
)
"""Fields of facts that hold a time."""

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class UnusableRow(ValueError):
    """A row gives no facts; ``reason`` is what it is reported with."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RowReader:
    """Reads the rows of one file by one mapping."""

    def __init__(self, mapping: Mapping, times: LocalTimes, format_time: Callable[[int], str]) -> None:
        self._mapping = mapping
        self._times = times
        self._format_time = format_time

    def facts(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """The facts of a row with their topics, absent fields left out.

        Raises UnusableRow, UnusableTime or UnreadableNumber where the row is to be reported.
        """
        for report in self._mapping.report:
            if holds(report.when, row):
                raise UnusableRow(report.reason)
        rules = [rule for rule in self._mapping.facts if holds(rule.when, row)]
        if not rules:
            raise UnusableRow("no_rule_for_it")
        date = self._mapping.time.date
        times = self._times.start(row[self._mapping.time.start], row[date.column] if date else None)
        return [(rule.topic, self._fact(rule.fields, row, times)) for rule in rules]

    def _fact(self, fields: dict[str, Cell], row: Row, times: RowTimes) -> dict[str, Any]:
        fact = {}
        for name, cell in fields.items():
            value = _take(cell, row)
            if value is not None:
                fact[name] = self._typed(name, value, times) if isinstance(value, str) else value
        return fact

    def _typed(self, name: str, text: str, times: RowTimes) -> Value:
        if name in TIME_FIELDS:
            return self._format_time(times.read(text))
        if name == "talk_seconds":
            return number(text)
        if name in ("attempt", "version"):
            whole = number(text)
            return int(whole) if whole == int(whole) else whole
        if name in ("abandoned", "voided"):
            return _BOOLEANS.get(text.lower(), text)
        return text


def _take(cell: Cell, row: Row) -> Value:
    """The cell's value, None where it is absent; raises UnusableRow for a text that its map does not know."""
    if not holds(cell.when, row) or (cell.unless is not None and holds(cell.unless, row)):
        return None
    if cell.first is not None:
        return next((value for value in (_take(inner, row) for inner in cell.first) if value is not None), None)
    if cell.value is not None:
        return cell.value
    if cell.join is not None:
        parts = [row[column] for column in cell.join]
        return cell.with_.join(parts) if all(parts) else None
    text = row[cell.column or ""]
    if text == "" or text in cell.absent:
        return None
    if cell.map is None:
        return text
    if text not in cell.map:
        raise UnusableRow(f"unknown_{cell.column}")
    return cell.map[text]
