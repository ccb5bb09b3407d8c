"""One published record beside the recounted one, field by field."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from streams.recount.expected import Expected
from streams.recount.report import Difference

TIMERS_MATTER = frozenset({"emitted_at", "is_final"})
"""Fields that depend on when a record was written, not on the facts."""

ABSENT = "absent"
_json = msgspec.json.encode


class _Revised(msgspec.Struct):
    revision: str = ""


_revised = msgspec.json.Decoder(_Revised).decode


class Finding(NamedTuple):
    """A difference. ``is_ahead``: the published record may know facts that the recount has not read yet."""

    difference: Difference
    is_ahead: bool = False


def without_final(revision: str) -> str:
    """A revision without its last digit, which says whether it is final."""
    return revision[:-1]


def revision_of(value: bytes | None) -> str:
    """The revision that stands in a record; empty where there is no record or it is none."""
    try:
        return "" if value is None else _revised(value).revision
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""


def decoded(value: bytes | None) -> dict[str, Any] | None:
    """A record as JSON shows it; None where it is no JSON object."""
    if value is None:
        return None
    try:
        body = msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def compare(place: str, key: str, value: bytes, expected: Expected) -> list[Finding]:
    """Every field in which a published record differs from the recounted one."""
    body = decoded(value)
    if body is None:
        return [Finding(Difference(place, key, "the record", "no JSON object", "one"))]
    want = expected.body()
    have_revision, want_revision = body.get("revision"), str(want["revision"])
    if isinstance(have_revision, str) and without_final(have_revision) > without_final(want_revision):
        return [Finding(Difference(place, key, "revision", have_revision, want_revision), is_ahead=True)]
    body["revision"] = without_final(have_revision) if isinstance(have_revision, str) else have_revision
    want["revision"] = without_final(want_revision)
    return [
        Finding(Difference(place, key, field, _shown(have), _shown(wanted)))
        for field, have, wanted in _unlike(body, want, "")
        if field not in TIMERS_MATTER
    ]


def missing(place: str, key: str, expected: Expected) -> Finding:
    """A record that should stand and does not."""
    return Finding(Difference(place, key, "the record", ABSENT, f"one of revision {expected.record.revision}"))


def superfluous(place: str, key: str, value: bytes | None) -> Finding:
    """A record that stands while the recount has no facts for it; those may just have come."""
    have = f"there, of revision {revision_of(value)}" if revision_of(value) else "there"
    return Finding(Difference(place, key, "the record", have, ABSENT), is_ahead=True)


_NOTHING = object()


def _unlike(have: Any, want: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """(path, have, want) of every leaf that differs."""
    if isinstance(have, dict) and isinstance(want, dict):
        for name in [*want, *(name for name in have if name not in want)]:
            inner = f"{path}.{name}" if path else name
            yield from _unlike(have.get(name, _NOTHING), want.get(name, _NOTHING), inner)
    elif have != want or isinstance(have, bool) != isinstance(want, bool):
        yield path, have, want


def _shown(value: Any) -> str:
    return ABSENT if value is _NOTHING else _json(value).decode()
