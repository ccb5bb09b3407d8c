"""Who is behind the ids: names, teams and sites from a CSV or YAML file, read again when it changes.

What it says goes to the board's floor view and, where metrics per operator are on, to the worker's `/metrics`; never
to Kafka, Redis or a log. So errors name the line and what is wrong there, and never what stands in it.
"""

import csv
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from streams.errors import UserError
from streams.settings import env_name

COLUMNS = ("kind", "id", "name", "team", "site")
KINDS = ("operator", "team", "site")
LOOK_EVERY_S = 2.0
LONGEST = 128

log = logging.getLogger("dialpulse")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the roster says of an operator; ids of team and site as in the facts. Empty where it says nothing."""

    name: str = ""
    team: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Entries of operators by id, and names of teams and sites by id."""

    operators: dict[str, Entry] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)


class RosterError(ValueError):
    """A roster that cannot be read: `line 7: ...`, without anything that stands there."""


class RosterFile:
    """The roster as its file says it now; the last good one while a changed file is wrong. Empty without a file.

    Raises UserError for a file that is wrong from the start.
    """

    def __init__(self, path: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = None if path is None else Path(path)
        self._clock = clock
        self._looked = clock()
        self._stamp: tuple[int, int, int] | None = None
        self._roster = Roster()
        if self._path is not None:
            try:
                self._read(self._path)
            except (OSError, RosterError) as error:
                raise UserError(f"{env_name('roster')}={path}: {_said(error)}: correct it, or unset it") from None

    def now(self) -> Roster:
        """The present roster; the same object until its file has changed."""
        if self._path is not None and self._clock() - self._looked >= LOOK_EVERY_S:
            self._looked = self._clock()
            try:
                self._read(self._path)
            except (OSError, RosterError) as error:
                log.warning("the roster stays as it was: %s: %s", self._path, _said(error))
        return self._roster

    def _read(self, path: Path) -> None:
        stat = path.stat()
        stamp = stat.st_mtime_ns, stat.st_size, stat.st_ino
        if stamp != self._stamp:
            # Also of a file that is wrong: it is complained of once, and looked at again when it changes.
            self._stamp = stamp
            self._roster = read_roster(path)


def read_roster(path: Path) -> Roster:
    """Reads a roster; `.yaml` and `.yml` are YAML, all else CSV. Raises OSError, or RosterError naming the line."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RosterError(f"byte {error.start}: is not UTF-8") from None
    roster = Roster()
    lines = _of_yaml(text) if path.suffix in (".yaml", ".yml") else _of_csv(text)
    for number, values in lines:
        _take(roster, number, values)
    return roster


def _take(roster: Roster, number: int, values: dict[str, str]) -> None:
    kind, identity = values.get("kind") or "operator", values.get("id", "")
    if kind not in KINDS:
        raise RosterError(f"line {number}: kind is none of {', '.join(KINDS)}")
    if not identity:
        raise RosterError(f"line {number}: id is missing")
    if any(len(value) > LONGEST or (value and not value.isprintable()) for value in values.values()):
        raise RosterError(f"line {number}: a value is over {LONGEST} characters, or has some that cannot be printed")
    if (
        identity
        in {"operator": roster.operators.keys(), "team": roster.teams.keys(), "site": roster.sites.keys()}[kind]
    ):
        raise RosterError(f"line {number}: id stands twice")
    if kind == "operator":
        roster.operators[identity] = Entry(values.get("name", ""), values.get("team", ""), values.get("site", ""))
    elif not values.get("name"):
        raise RosterError(f"line {number}: a {kind} without a name")
    else:
        (roster.teams if kind == "team" else roster.sites)[identity] = values["name"]


def _of_csv(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        heads = [head.strip().lower() for head in next(reader, [])]
        if "id" not in heads or not set(heads) <= set(COLUMNS) or len(set(heads)) < len(heads):
            raise RosterError(f"line 1: the columns are not of {', '.join(COLUMNS)}, id among them, each once")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(heads):
                raise RosterError(f"line {reader.line_num}: has {len(cells)} values for {len(heads)} columns")
            yield reader.line_num, {head: cell.strip() for head, cell in zip(heads, cells, strict=True)}
    except csv.Error as error:
        raise RosterError(f"line {reader.line_num}: {error}") from None


def _of_yaml(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RosterError(f"line {1 if mark is None else mark.line + 1}: is not YAML") from None
    if root is None:
        return
    for group, members in _pairs(root):
        kind = group.value.removesuffix("s")
        if kind not in KINDS:
            raise RosterError(f"line {group.start_mark.line + 1}: is none of operators, teams and sites")
        for identity, said in _pairs(members):
            values = {"kind": kind, "id": _text(identity)}
            if isinstance(said, yaml.ScalarNode):
                values["name"] = _text(said)
            else:
                values |= {_column(key): _text(value) for key, value in _pairs(said)}
            yield identity.start_mark.line + 1, values


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise RosterError(f"line {node.start_mark.line + 1}: is no map")
    return list(node.value)


def _column(node: yaml.Node) -> str:
    if node.value not in ("name", "team", "site"):
        raise RosterError(f"line {node.start_mark.line + 1}: is none of name, team and site")
    return str(node.value)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise RosterError(f"line {node.start_mark.line + 1}: is no text")
    # As written: an id of 007 is no number.
    return str(node.value).strip()


def _said(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
