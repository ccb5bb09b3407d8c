"""The JSON Schemas of facts and KPI records, made from the structs, their forms, their wording and the rules below."""

import inspect
from typing import Any

import msgspec

from schemas.facts import FACT_TYPES
from schemas.kpis import KPI_TYPES
from schemas.wording import describe

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VOIDED: Schema = {"required": ["voided"], "properties": {"voided": {"const": True}}}


def _there(field: str) -> Schema:
    # null is the same as absent, so being listed as required is not enough.
    return {"required": [field], "properties": {field: {"not": {"type": "null"}}}}


def _is(field: str, value: object) -> Schema:
    return {"required": [field], "properties": {field: {"const": value}}}


def _unless_voided(field: str) -> Schema:
    return {"anyOf": [_VOIDED, _there(field)]}


def _both_or_none(first: str, second: str) -> Schema:
    return {"if": {"anyOf": [_there(first), _there(second)]}, "then": {"allOf": [_there(first), _there(second)]}}


_BOOKED: Schema = {"anyOf": [_there("booked_at"), {"allOf": [_VOIDED, _there("call_started_at")]}]}
_VOID_HAS_VERSION: Schema = {"if": _VOIDED, "then": _there("version")}

RULES: dict[str, list[Schema]] = {
    "dialer.calls.v1": [{"not": {"allOf": [_is("abandoned", True), _is("answered_by", "machine")]}}],
    "dialer.conversations.v1": [
        _unless_voided("outcome"),
        {"if": _there("warm_horizon"), "then": _is("outcome", "warm_lead")},
    ],
    "dialer.appointments.v1": [_BOOKED, _both_or_none("call_id", "call_started_at")],
    "dialer.sales.v1": [
        _unless_voided("appointment_id"),
        _BOOKED,
        _both_or_none("call_id", "call_started_at"),
        _both_or_none("amount", "currency"),
    ],
    "dialer.presence.v1": [_unless_voided("state")],
}
"""What ties several fields of a fact together, beyond what a void needs of each."""


def schema_of(topic: str) -> Schema:
    """The JSON Schema of a fact's or KPI record's value. Raises KeyError for any other topic."""
    is_fact = topic in FACT_TYPES
    kind: type = FACT_TYPES[topic] if is_fact else KPI_TYPES[topic]
    made = msgspec.json.schema(kind)
    parts: dict[str, Schema] = {name: _described(name, part) for name, part in made["$defs"].items()}
    body = parts.pop(kind.__name__)
    body["description"] = (inspect.getdoc(kind) or "").replace("``", "`")
    schema: Schema = {"$schema": DIALECT, "$id": f"urn:dialpulse:{topic}", **body}
    if is_fact:
        schema["properties"] = dict(sorted(schema["properties"].items(), key=lambda entry: _place(kind, entry[0])))
        schema["allOf"] = [_VOID_HAS_VERSION, *RULES[topic]]
    if parts:
        schema["$defs"] = parts
    return schema


def schemas() -> dict[str, Schema]:
    """Every schema by its topic's name, in the order of the contract."""
    return {topic: schema_of(topic) for topic in (*FACT_TYPES, *KPI_TYPES)}


def _described(name: str, part: Schema) -> Schema:
    part = {key: value for key, value in part.items() if key != "description"}
    if name not in ("Counts", "PartCounts"):
        fields = part["properties"]
        part["properties"] = {field: {"description": describe(name, field), **_bare(fields[field])} for field in fields}
    if name in ("Counts", "Rate", "Part"):
        # They have defaults for the sake of those who build and decode them; on the wire all fields are there.
        part["required"] = list(part["properties"])
    if name in ("Counts", "PartCounts"):
        part["properties"] = {field: {"type": "integer", "minimum": 0} for field in part["properties"]}
    return part


def _bare(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key != "default"}


def _place(kind: type, field: str) -> tuple[bool, bool, int]:
    """Order of a fact's fields for a reader: required first, its own before those that every fact has."""
    fields = msgspec.structs.fields(kind)
    place = next(index for index, known in enumerate(fields) if known.encode_name == field)
    return not fields[place].required, field in _COMMON, place


_COMMON = ("team_id", "site_id", "script_id", "version", "voided", "stated_at")
