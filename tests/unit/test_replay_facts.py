"""Logs of facts: sent as they were written, in time order, with what is absent filled in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from processors.times import parse_time
from streams.errors import UserError
from streams.replay import as_live
from streams.replay.entries import Entry
from streams.replay.fact_lines import read_fact_lines
from streams.replay.replay import Replay
from streams.settings import Settings, load_settings

CALLS, SALES = "dialer.calls.v1", "dialer.sales.v1"


def entries(tmp_path: Path, lines: Sequence[object]) -> list[Entry]:
    """A log of these lines, read."""
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return read_fact_lines(path, counted).entries


def counted(topic: str, key: bytes | None, value: bytes | None) -> None:
    """A judge who takes everything: what these tests ask is how lines are read."""


def call(**fields: Any) -> dict[str, Any]:
    """A line with a call."""
    value = {"call_id": "c1", "operator_id": "o1", "campaign_id": "k", "started_at": "2026-03-02T09:00:00Z", **fields}
    return {"topic": CALLS, "value": value}


def stated_at(entry: Entry) -> str:
    """When the fact says it was stated."""
    return str(json.loads(entry.value or b"")["stated_at"])


def test_an_absent_key_is_the_owner(tmp_path: Path) -> None:
    """The operator, or the campaign's own where there was none; a key that is given stays."""
    lines = [call(), call(operator_id=None), call() | {"key": "other"}]
    assert [entry.key for entry in entries(tmp_path, lines)] == [b"o1", b"@k", b"other"]


def test_an_absent_stated_at_is_the_facts_own_end(tmp_path: Path) -> None:
    """So an old log is not too late; one that is given stays, and all other bytes are as they were."""
    sale = {
        "sale_id": "s",
        "operator_id": "o",
        "booked_at": "2026-03-02T09:00:00Z",
        "closed_at": "2026-03-20T10:00:00Z",
    }
    found = entries(
        tmp_path,
        [
            call(),
            call(ended_at="2026-03-02T09:01:00Z"),
            call(stated_at=None),
            call(stated_at="2026-03-02T10:00:00+01:00"),
            {"topic": SALES, "value": sale},
        ],
    )
    assert [stated_at(entry) for entry in found] == [
        "2026-03-02T09:00:00Z",
        "2026-03-02T09:01:00Z",
        "2026-03-02T09:00:00Z",
        "2026-03-02T10:00:00+01:00",
        "2026-03-20T10:00:00Z",
    ]
    odd = '{"x":1.50,"started_at":"2026-03-02T09:00:00Z" ,"n":123456789012345678901234567890'
    (kept,) = entries(tmp_path, ['{"topic": "dialer.calls.v1", "key": "k", "value": ' + odd + "}}"])
    assert kept.value == (odd + ',"stated_at":"2026-03-02T09:00:00Z"}').encode()


def test_a_text_is_sent_as_it_is(tmp_path: Path) -> None:
    """What no reader should take can be sent too, in its place behind the line before it; null is no value."""
    lines = [call(), {"topic": CALLS, "key": "k", "value": "{broken"}, {"topic": CALLS, "key": "k", "value": None}]
    found = entries(tmp_path, lines)
    assert [entry.value for entry in found[1:]] == [b"{broken", None]
    assert found[1].due_us == found[2].due_us == found[0].due_us


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{", "truncated"),
        ({"topic": "dialer.cals.v1", "value": {}}, "no fact topic"),
        ({"topic": CALLS, "value": {"call_id": "c"}}, "no key"),
        ({"topic": CALLS, "key": "k", "value": 5}, "object, or text"),
        ({"topic": CALLS, "key": "k", "value": "x", "kee": 1}, "kee"),
        ({"topic": CALLS, "value": None}, "neither"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(tmp_path: Path, line: object, wrong: str) -> None:
    """A log of facts is ours: what is not of its form ends the command before anything is sent."""
    with pytest.raises(UserError, match=f"line 3: .*{wrong}") as error:
        entries(tmp_path, [call(), call(), line])
    assert error.value.exit_code == 2


def test_a_packed_log_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    """Half a file is not silently half a replay."""
    import gzip

    path = tmp_path / "facts"
    path.write_bytes(
        gzip.compress(b"".join(json.dumps(call(call_id=f"c{n}")).encode() + b"\n" for n in range(999)))[:-20]
    )
    with pytest.raises(UserError, match="broken as gzip"):
        read_fact_lines(path, counted)


def test_what_a_worker_will_reject_is_said_and_sent(tmp_path: Path) -> None:
    """By its reason, with lines and what is wrong with the first; a log of facts is sent as it was written."""
    path = tmp_path / "facts"
    lines = [
        call(),
        call(call_id="c2", talk_seconds=-4),
        call(call_id="c3", talk_seconds=-5),
        call(call_id="c4", version="x"),
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    reading = Replay(path).read(load_settings())
    assert (reading.used, len(reading.entries)) == (4, 4)
    assert [note.partition(", as ")[0] for note in reading.notes] == [
        "2 of these a worker will reject: negative_duration (line 2, 3)",
        "1 of these a worker will reject: wrong_type (line 4)",
    ]
    assert ["talk_seconds" in reading.notes[0], "version" in reading.notes[1]] == [True, True]


def test_records_go_out_in_time_order(tmp_path: Path) -> None:
    """By the moment each was stated; what is due at one instant stays in the file's order."""
    path = tmp_path / "facts"
    days = (5, 3, 4, 3)
    lines = [call(call_id=f"c{n}", started_at=f"2026-03-0{day}T09:00:00Z") for n, day in enumerate(days)]
    path.write_text("\n".join(map(json.dumps, lines)))
    reading = Replay(path).read(load_settings())
    assert [json.loads(entry.value or b"")["call_id"] for entry in reading.entries] == ["c1", "c3", "c2", "c0"]


def moved(settings: Settings, found: list[Entry], now: str) -> list[dict[str, Any]]:
    """The facts, moved so that the last day is that of `now`."""
    days = as_live.days_to_today(found, settings.zone_of, parse_time(now))
    shifts = [as_live.moved_by(entry, days, settings.zone_of) for entry in found]
    return [json.loads(as_live.moved_value(e.value or b"", by)) for e, by in zip(found, shifts, strict=True)]


def test_as_live_moves_whole_days_and_keeps_the_time_of_day(tmp_path: Path) -> None:
    """Nine o'clock in winter is nine o'clock in summer, and the last day is today by the site's clock."""
    settings = load_settings(time_zone="Europe/Paris")
    lines = [
        call(call_id="a", started_at="2026-01-04T08:00:00Z", ended_at="2026-01-04T08:03:20.5Z"),
        call(call_id="b", started_at="2026-01-05T22:30:00Z"),
    ]
    first, last = moved(settings, entries(tmp_path, lines), "2026-07-14T22:10:00Z")
    assert (first["started_at"], first["ended_at"]) == ("2026-07-14T07:00:00Z", "2026-07-14T07:03:20.500Z")
    assert last["started_at"] == "2026-07-15T21:30:00Z"


def test_as_live_keeps_all_facts_of_a_call_together(tmp_path: Path) -> None:
    """A sale weeks later moves by what its call moves, so that both still meet on one page."""
    settings = load_settings(time_zone="Europe/Paris")
    sale = {
        "sale_id": "s",
        "operator_id": "o1",
        "campaign_id": "k",
        "call_id": "c1",
        "appointment_id": "a",
        "call_started_at": "2026-03-02T09:00:00Z",
        "booked_at": "2026-03-02T09:04:00Z",
        "closed_at": "2026-04-10T09:00:00Z",
    }
    found = entries(tmp_path, [call(), {"topic": SALES, "value": sale}])
    first, second = moved(settings, found, "2026-11-23T12:00:00Z")
    assert first["started_at"] == second["call_started_at"] == "2026-11-23T09:00:00Z"
    assert second["closed_at"] == "2027-01-01T09:00:00Z"
