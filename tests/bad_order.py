"""KPI records in the worst order that a reader could meet, and what a right reader holds in the end."""

from typing import Any, NamedTuple

from schemas.examples import encode, load_examples

TOPIC = "kpi.operator-hour.v1"


class Sent(NamedTuple):
    """One record: its key, its value as bytes (None deletes the key), and the partition that it is sent to."""

    key: str
    value: bytes | None
    partition: int


def value_of(key: str, revision: str, calls: int) -> dict[str, Any]:
    """A whole operator-hour record; ``calls`` tells records of one key apart."""
    [example, *_] = load_examples(TOPIC)
    assert example.value is not None
    owner, hour = key.split("|")
    ids = {"owner": owner, "operator_id": None if owner.startswith("@") else owner, "hour_start": hour}
    counts = example.value["counts"] | {"calls": calls}
    return example.value | ids | {"revision": revision, "is_final": revision.endswith("1"), "counts": counts}


def revision(generation: int, weight: int, is_final: int = 0) -> str:
    """A revision's text, written out by hand: nothing here is the program's own."""
    return f"{generation:04d}-{weight:020d}-{is_final}"


_HOUR = "2026-11-23T13:00:00Z"
_STEPS: dict[str, list[str | None]] = {
    # Repeated, final, not final again after a take-over, and a stale one last.
    f"o17|{_HOUR}": [revision(1, n, f) for n, f in [(3, 0), (41, 0), (41, 0), (41, 1), (41, 0), (5, 0)]],
    # Ten is more than nine, as text too; a number beyond 2 to the 53rd that a float cannot tell from its neighbour.
    f"o18|{_HOUR}": [revision(1, n) for n in (10, 9, 2**53 + 1, 2**53)],
    # A higher generation outranks whatever the lower one had.
    f"@herbst ü|{_HOUR}": [revision(1, 70_000), revision(2, 12), revision(1, 80_000, 1)],
    # Deleted by somebody in between, and then an older one.
    f"équipe|{_HOUR}": [revision(1, 8), None, revision(1, 7)],
    # Deleted before anything came.
    f"o20|{_HOUR}": [None, revision(1, 1)],
}
GREATEST: dict[str, str] = {
    f"o17|{_HOUR}": revision(1, 41, 1),
    f"o18|{_HOUR}": revision(1, 2**53 + 1),
    f"@herbst ü|{_HOUR}": revision(2, 12),
    f"équipe|{_HOUR}": revision(1, 8),
    f"o20|{_HOUR}": revision(1, 1),
}
"""By key, the revision that a right reader ends with."""


def records(partitions: int) -> list[Sent]:
    """All of it in order of sending; keys lie scattered, each in one partition."""
    found = []
    for number, (key, steps) in enumerate(_STEPS.items()):
        for calls, step in enumerate(steps):
            value = None if step is None else encode(value_of(key, step, calls))
            found.append(Sent(key, value, number % partitions))
    return found


def calls_of_greatest() -> dict[str, int]:
    """By key, the ``calls`` of the record that a right reader ends with: the first that has the greatest revision."""
    return {key: _STEPS[key].index(wanted) for key, wanted in GREATEST.items()}
