"""Names in Redis, and how to read them back; the two small values that are not KPI records.

Every name is the setting PREFIX, then ``dialpulse:v1:``, then one of the forms below. Ids are percent-encoded in
UTF-8, all but ASCII letters, digits and ``-._~@``. Hours are the UTC instant they start at, as ``20261123T1300Z``;
in the code, microseconds since the epoch.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote

import msgspec

LEVELS = ("operator", "campaign", "team", "site")
SNAPSHOT_LIFE_S = 48 * 3600
"""A snapshot and its hour's set live this long after the later of the hour's end and the writing."""
HEARTBEAT_LIFE_S = 30

_ROOT = "dialpulse:v1:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_HOUR = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z", re.ASCII)


class Heartbeat(msgspec.Struct, kw_only=True):
    """A worker's sign of life for one partition, about every second.

    ``worker`` is its HTTP address, the times are RFC 3339 text, ``lag`` counts facts not yet taken.
    """

    worker: str
    instance_id: str
    at: str
    last_flush: str
    lag: int
    last_fact: str | None = None


class Marker(msgspec.Struct, kw_only=True):
    """Says that this Redis was filled, and under which settings; missing when it has come back empty."""

    partitions: int
    time_zone: str
    site_time_zones: dict[str, str]
    conversation_rule: str
    generation: int


@lru_cache(maxsize=4096)
def hour_name(hour_us: int) -> str:
    """The hour that starts at ``hour_us`` as it stands in keys. Raises ValueError for a split minute."""
    if hour_us % _MINUTE_US:
        raise ValueError(f"an hour starts at a whole minute, not at {hour_us} us")
    start = _EPOCH + timedelta(microseconds=hour_us)
    return f"{start.year:04}{start:%m%dT%H%MZ}"


def parse_hour_name(text: str) -> int | None:
    """Microseconds of the instant an hour's name stands for, None where it is no such name."""
    found = _HOUR.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute = (int(part) for part in found.groups())
    try:
        start = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    return (start - _EPOCH) // _MICROSECOND


def encode_id(identity: str) -> str:
    """An id as it stands in keys and URLs."""
    return quote(identity, safe="-._~@")


def decode_id(text: str) -> str | None:
    """The id behind its percent-encoded form, None where the text is not that form of any id."""
    try:
        identity = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None
    return identity if encode_id(identity) == text else None


def snapshot_key(prefix: str, level: str, identity: str, hour_us: int) -> str:
    """The key of a KPI record: ``level`` is one of LEVELS, ``identity`` the owner or the level's id."""
    return f"{prefix}{_ROOT}{level}:{encode_id(identity)}:{hour_name(hour_us)}"


def hour_key(prefix: str, hour_us: int) -> str:
    """The key of the set of owners (as they are, not encoded) that have a record in an hour."""
    return f"{prefix}{_ROOT}hour:{hour_name(hour_us)}"


def heartbeat_key(prefix: str, partition: int) -> str:
    """The key of a partition's heartbeat."""
    return f"{prefix}{_ROOT}heartbeat:{partition}"


def marker_key(prefix: str) -> str:
    """The key of the marker."""
    return f"{prefix}{_ROOT}marker"


def updates_channel(prefix: str) -> str:
    """The channel that names keys which changed: a hint, never the data."""
    return f"{prefix}{_ROOT}updates"


def parse_snapshot_key(prefix: str, key: str) -> tuple[str, str, int] | None:
    """(level, id, hour in us) of a KPI record's key, None for any other key."""
    parts = _after_root(prefix, key).split(":")
    if len(parts) != 3 or parts[0] not in LEVELS:
        return None
    identity, hour_us = decode_id(parts[1]), parse_hour_name(parts[2])
    return None if not identity or hour_us is None else (parts[0], identity, hour_us)


def parse_hour_key(prefix: str, key: str) -> int | None:
    """The hour (us) of a set of owners' key, None for any other key."""
    kind, _, name = _after_root(prefix, key).partition(":")
    return parse_hour_name(name) if kind == "hour" else None


def parse_heartbeat_key(prefix: str, key: str) -> int | None:
    """The partition of a heartbeat's key, None for any other key."""
    kind, _, number = _after_root(prefix, key).partition(":")
    canonical = number.isascii() and number.isdigit() and str(int(number)) == number
    return int(number) if kind == "heartbeat" and canonical else None


def _after_root(prefix: str, key: str) -> str:
    root = prefix + _ROOT
    return key[len(root) :] if key.startswith(root) else ""
