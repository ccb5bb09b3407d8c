"""The words of the mapping language, as they stand in a mapping file (docs/replay.md shows them at work)."""

import msgspec


class Limit(msgspec.Struct, forbid_unknown_fields=True):
    """A test of a cell as a number: less than ``below``, or more than ``above``."""

    below: float | None = None
    above: float | None = None


Test = str | list[str] | Limit
"""What a cell must be: this text, one of these, or a number within limits."""

Condition = dict[str, Test] | list[dict[str, Test]]
"""Tests by column, all of which must hold; or a list of such, of which one must."""


class Cell(msgspec.Struct, forbid_unknown_fields=True):
    """Where a field's value comes from; exactly one of ``column``, ``value``, ``join`` and ``first``."""

    column: str | None = None
    value: str | bool | int | float | None = None
    join: list[str] | None = None
    with_: str = msgspec.field(default="-", name="with")
    first: list["Cell"] | None = None
    map: dict[str, str | bool | None] | None = None
    absent: list[str] = []
    when: Condition | None = None
    unless: Condition | None = None


class FileShape(msgspec.Struct, forbid_unknown_fields=True):
    """How the file is written; ``columns`` names them where it has no header row."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = None
    columns: list[str] | None = None


class DateColumn(msgspec.Struct, forbid_unknown_fields=True):
    """The column that holds the day of a row's start, where its times are times of day."""

    column: str
    format: str


class TimeShape(msgspec.Struct, forbid_unknown_fields=True):
    """How times are written; ``start`` is the column in whose neighbourhood a row's other times lie."""

    format: str
    start: str
    date: DateColumn | None = None
    zone: str | None = None
    ambiguous: str = "first"


class Report(msgspec.Struct, forbid_unknown_fields=True):
    """Rows for which ``when`` holds are not used, but reported with this reason."""

    reason: str
    when: Condition


class FactRule(msgspec.Struct, forbid_unknown_fields=True):
    """Rows for which ``when`` holds (all, where it is absent) give a fact of this topic."""

    topic: str
    fields: dict[str, Cell]
    when: Condition | None = None


class Mapping(msgspec.Struct, forbid_unknown_fields=True):
    """A whole mapping file."""

    time: TimeShape
    facts: list[FactRule]
    file: FileShape = msgspec.field(default_factory=FileShape)
    report: list[Report] = []
