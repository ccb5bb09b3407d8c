"""The shipped mapping of a bank's call log, on made-up rows with the dirt of real ones."""

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from processors.hours import Clocks
from processors.reading import Reader
from processors.times import parse_time
from streams.replay.csv_log import read_csv
from streams.replay.entries import Entry, Reading
from streams.replay.judging import judge_by
from streams.replay.mapping import load_mapping
from tests.call_log import NONE, dirty_log, row, served, write_log
from tests.recount_sql import Counted, recount, verdicts

NOW_US = parse_time("2026-11-23T12:00:00Z")


def read(path: Path) -> Reading:
    """The log as the shipped mapping reads it."""
    return read_csv(path, load_mapping("technion"), judge_by(Reader(Clocks("Asia/Jerusalem")), NOW_US))


def only_fact(tmp_path: Path, line: str) -> dict[str, Any]:
    """The one fact of a log of one row."""
    (entry,) = read(write_log(tmp_path / "log", [line])).entries
    return dict(json.loads(entry.value or b""), key=(entry.key or b"").decode())


def reason(tmp_path: Path, line: str) -> str:
    """What a log of one row is reported with."""
    (found,) = read(write_log(tmp_path / "log", [line])).unused
    return found


def fold(entries: Iterable[Entry]) -> Counted:
    """Calls and conversations per owner and hour, counted from the facts."""
    calls, talked = defaultdict(set), defaultdict(set)
    for entry in entries:
        fact = json.loads(entry.value or b"")
        place = ((entry.key or b"").decode(), fact["started_at"][:13] + ":00:00Z")
        calls[place].add(fact["call_id"])
        if fact.get("talk_seconds", 0) >= 20 and fact.get("answered_by") != "machine":
            talked[place].add(fact["call_id"])
    return {place: (len(ids), len(talked[place])) for place, ids in calls.items()}


@pytest.mark.parametrize("packed", [False, True])
def test_a_recount_in_sql_over_the_raw_file_gives_the_same_calls_and_conversations(
    tmp_path: Path, packed: bool
) -> None:
    """Two roads from the rows to the numbers, with nothing shared, meet in every owner and hour."""
    path = write_log(tmp_path / "log", dirty_log(seed=7, rows=3_000), packed)
    assert fold(read(path).entries) == recount(path)


def test_rows_that_cannot_be_used_add_up_to_the_file_by_reason(tmp_path: Path) -> None:
    """No row is dropped silently: used and reported rows are all rows, and SQL finds as many of each kind."""
    path = write_log(tmp_path / "log", dirty_log(seed=8, rows=3_000))
    reading = read(path)
    unused = {name: each.rows for name, each in reading.unused.items()}
    found = verdicts(path)
    assert reading.rows == 3_000 == reading.used + sum(unused.values())
    assert unused == {
        "phantom": found["phantom"],
        "negative_duration": found["negative"],
        "times_out_of_order": found["out of order"],
    }


def test_a_served_row_is_an_outbound_call_that_a_human_answered(tmp_path: Path) -> None:
    """Line and call id together are the id, the entry is the start, the service its answer and its talk."""
    assert only_fact(tmp_path, served(36_000, 42, call_id=77, type="TT")) == {
        "key": "OP01",
        "call_id": "AA0101-77",
        "operator_id": "OP01",
        "campaign_id": "TT",
        "started_at": "1999-01-04T08:00:00Z",
        "answered_at": "1999-01-04T08:00:10Z",
        "ended_at": "1999-01-04T08:00:52Z",
        "answered_by": "human",
        "talk_seconds": 42.0,
        "direction": "outbound",
        "stated_at": "1999-01-04T08:00:52Z",
    }


def test_a_row_without_operator_is_the_campaigns_own(tmp_path: Path) -> None:
    """Nobody took it, or nobody wrote down who did: it counts for its campaign."""
    fact = only_fact(tmp_path, row(type="NW"))
    assert (fact["key"], fact.get("operator_id"), fact.get("answered_by")) == ("@NW", None, None)
    assert only_fact(tmp_path, served(36_000, 42, server="NO_SERVER"))["key"] == "@PS"


def test_the_last_exit_given_is_the_end(tmp_path: Path) -> None:
    """Service, else queue, else voice menu."""
    queue = {"q_start": "10:00:09", "q_exit": "10:02:00", "q_time": 111}
    assert only_fact(tmp_path, row())["ended_at"] == "1999-01-04T08:00:09Z"
    assert only_fact(tmp_path, row(**queue))["ended_at"] == "1999-01-04T08:02:00Z"


def test_a_service_without_a_start_has_no_answer_time_and_no_talk(tmp_path: Path) -> None:
    """An operator's row whose service was not timed is answered, and no conversation by its talk."""
    fact = only_fact(tmp_path, served(36_000, 0, ser_start=NONE, ser_exit=NONE))
    assert (fact.get("answered_at"), fact["answered_by"], fact["talk_seconds"]) == (None, "human", 0.0)


def test_a_row_past_midnight_ends_on_the_next_day(tmp_path: Path) -> None:
    """Times of day that go back past midnight belong to the next day."""
    fact = only_fact(tmp_path, served(86_380, 300))
    assert (fact["started_at"], fact["answered_at"]) == ("1999-01-04T21:59:40Z", "1999-01-04T21:59:50Z")
    assert fact["ended_at"] == "1999-01-04T22:04:50Z"


def test_a_service_that_begins_at_midnight_is_not_taken_for_none(tmp_path: Path) -> None:
    """0:00:00 means "none" only where start and exit both have it."""
    fact = only_fact(tmp_path, served(86_390, 30))
    assert fact["answered_at"] == "1999-01-04T22:00:00Z"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (served(36_000, 42, outcome="PHANTOM"), "phantom"),
        (served(36_000, 42, vru_time=-3), "negative_duration"),
        (served(36_000, 42, ser_start="9:59:54"), "times_out_of_order"),
        (served(36_000, 42, ser_exit="9:59:00"), "times_out_of_order"),
        (served(36_000, 42, outcome="LOST"), "unknown_outcome"),
        (served(36_000, 42, date="990231"), "unreadable_time"),
        (served(36_000, 42, vru_entry="25:00:00"), "unreadable_time"),
        (served(36_000, 42, ser_time="many"), "unreadable_number"),
        (served(36_000, 42, type=""), "missing_field"),
        (served(36_000, 42, type="a|b"), "bad_value"),
        (served(36_000, 42) + "\tmore", "wrong_number_of_columns"),
        ("", "empty_row"),
    ],
)
def test_a_row_that_cannot_be_used_is_reported_with_its_reason(tmp_path: Path, line: str, expected: str) -> None:
    """Each kind of dirt has a name of its own."""
    assert reason(tmp_path, line) == expected


def test_two_clocks_that_disagree_by_seconds_are_good(tmp_path: Path) -> None:
    """A service that starts up to five seconds before the call does is another clock, not an impossible row."""
    assert only_fact(tmp_path, served(36_000, 42, ser_start="9:59:55"))["answered_at"] == "1999-01-04T07:59:55Z"


def test_the_report_names_the_first_lines_of_each_reason(tmp_path: Path) -> None:
    """Whoever looks for the dirt finds it: line numbers count the header."""
    lines = [served(36_000, 42, call_id=number, outcome="PHANTOM" if number % 2 else "AGENT") for number in range(10)]
    report = "\n".join(read(write_log(tmp_path / "log", lines)).lines())
    assert "10 rows read" in report
    assert "5 used, as facts: 5 dialer.calls.v1" in report
    assert "5 not used: phantom (line 3, 5, 7, ...)" in report
