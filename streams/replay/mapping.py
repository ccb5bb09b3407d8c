"""Reads mapping files: which columns of a log become which facts. docs/replay.md describes the language on one page."""

from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schemas.facts import FACT_TYPES
from streams import setting_values
from streams.errors import UserError
from streams.replay.language import Cell, Condition, FactRule, FileShape, Mapping, TimeShape

SHIPPED = ("technion",)
"""Mappings that come with the program, by name."""


def load_mapping(name: str) -> Mapping:
    """The mapping of a file, or a shipped one by its name; UserError names the place of what is wrong in it."""
    if name in SHIPPED:
        text = (resources.files("streams.replay") / "mappings" / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        text = _read(name)
    try:
        raw: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"mapping {name} is no YAML: {error}") from None
    try:
        mapping = _converted(raw)
        _check(mapping)
    except (msgspec.ValidationError, _WrongMapping) as error:
        raise UserError(f"mapping {name}: {error}; see docs/replay.md for the language") from None
    return mapping


def columns_of(mapping: Mapping) -> dict[str, str]:
    """Every column that the mapping names, with the first place that names it."""
    named: dict[str, str] = {mapping.time.start: "time.start"}
    if mapping.time.date:
        named.setdefault(mapping.time.date.column, "time.date.column")
    for number, report in enumerate(mapping.report):
        _of_condition(report.when, f"report[{number}].when", named)
    for number, rule in enumerate(mapping.facts):
        _of_condition(rule.when, f"facts[{number}].when", named)
        for name, cell in rule.fields.items():
            _of_cell(cell, f"facts[{number}].fields.{name}", named)
    return named


class _WrongMapping(ValueError):
    """Says what is wrong, and where."""


def _converted(raw: Any) -> Mapping:
    """The mapping; fields are converted one by one first, since msgspec does not say under which name it failed."""
    rules = raw.get("facts") if isinstance(raw, dict) else None
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        fields = rule.get("fields") if isinstance(rule, dict) else None
        for name, cell in (fields if isinstance(fields, dict) else {}).items():
            try:
                msgspec.convert(cell, Cell)
            except msgspec.ValidationError as error:
                raise _WrongMapping(f"facts[{number}].fields.{name}: {error}") from None
    return msgspec.convert(raw, Mapping)


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(SHIPPED)
        what = f"mapping {name} cannot be read ({error})"
        raise UserError(f"{what}: name a YAML file, or a shipped one ({known})") from None


def _check(mapping: Mapping) -> None:
    _check_time(mapping.time)
    _check_file(mapping.file)
    if not mapping.facts:
        raise _WrongMapping("facts: is empty, so that no row would give a fact")
    for number, rule in enumerate(mapping.facts):
        _check_rule(rule, f"facts[{number}]")


def _check_file(file: FileShape) -> None:
    for name, sign in (("delimiter", file.delimiter), ("quote", file.quote)):
        if sign is not None and len(sign) != 1:
            raise _WrongMapping(f"file.{name}: is not one character")
    try:
        "".encode(file.encoding)
    except LookupError:
        raise _WrongMapping(f"file.encoding: {file.encoding} is no encoding, such as utf-8 or latin-1") from None


def _check_time(time: TimeShape) -> None:
    if time.ambiguous not in ("first", "second", "report"):
        raise _WrongMapping(f"time.ambiguous: {time.ambiguous} is none of first, second, report")
    if time.zone is None and "%z" not in time.format:
        raise _WrongMapping("time.zone: is missing, and the times have no offset (%z) of their own")
    if time.zone is not None:
        try:
            setting_values.zone(time.zone)
        except ValueError:
            raise _WrongMapping(f"time.zone: {time.zone} is no IANA time zone, such as Europe/Paris") from None
    if time.date is None and "%d" not in time.format and "%j" not in time.format:
        raise _WrongMapping("time.date: is missing, and the times are times of day")


def _check_rule(rule: FactRule, place: str) -> None:
    fact = FACT_TYPES.get(rule.topic)
    if fact is None:
        raise _WrongMapping(f"{place}.topic: {rule.topic} is no fact topic ({', '.join(FACT_TYPES)})")
    known = {field.name: field.required for field in msgspec.structs.fields(fact)}
    for name, cell in rule.fields.items():
        if name not in known:
            raise _WrongMapping(f"{place}.fields.{name}: {rule.topic} has no such field ({', '.join(known)})")
        _check_cell(cell, f"{place}.fields.{name}")
    for name, required in known.items():
        if required and name not in rule.fields:
            raise _WrongMapping(f"{place}.fields.{name}: is missing, and {rule.topic} requires it")


def _check_cell(cell: Cell, place: str) -> None:
    sources = [name for name in ("column", "value", "join", "first") if getattr(cell, name) is not None]
    if len(sources) != 1:
        raise _WrongMapping(f"{place}: takes exactly one of column, value, join, first, and has {len(sources)}")
    for number, inner in enumerate(cell.first or []):
        _check_cell(inner, f"{place}.first[{number}]")


def _of_condition(condition: Condition | None, place: str, named: dict[str, str]) -> None:
    for tests in condition if isinstance(condition, list) else [condition or {}]:
        for column in tests:
            named.setdefault(column, f"{place}.{column}")


def _of_cell(cell: Cell, place: str, named: dict[str, str]) -> None:
    for column in [cell.column] if cell.column is not None else cell.join or []:
        named.setdefault(column, place)
    for inner in cell.first or []:
        _of_cell(inner, place, named)
    _of_condition(cell.when, f"{place}.when", named)
    _of_condition(cell.unless, f"{place}.unless", named)
