"""The mapping language is strict: what it does not know it refuses, and says where."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.errors import UserError
from streams.replay.csv_log import read_csv
from streams.replay.language import Mapping
from streams.replay.mapping import load_mapping


def plain() -> dict[str, Any]:
    """A small mapping that is right."""
    return {
        "time": {"format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Paris", "start": "dialled"},
        "facts": [
            {
                "topic": "dialer.calls.v1",
                "fields": {
                    "call_id": {"column": "id"},
                    "started_at": {"column": "dialled"},
                    "campaign_id": {"value": "autumn"},
                    "operator_id": {"column": "agent"},
                },
            }
        ],
    }


def load(tmp_path: Path, mapping: object) -> Mapping:
    """The mapping, by way of a file."""
    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping, sort_keys=False), encoding="utf-8")
    return load_mapping(str(path))


def read(tmp_path: Path, mapping: dict[str, Any], content: str) -> list[str]:
    """The facts of a log, as text."""
    log = tmp_path / "log.csv"
    log.write_text(content, encoding="utf-8")
    reading = read_csv(log, load(tmp_path, mapping), lambda *_: None)
    return [(entry.value or b"").decode() for entry in reading.entries] + list(reading.unused)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["colour"], "red", "colour"),
        (["time", "formt"], "%H", "formt"),
        (["time", "zone"], "Europe/Lutece", "time.zone"),
        (["time", "format"], "%H:%M", "time.date"),
        (["time", "ambiguous"], "third", "time.ambiguous"),
        (["file"], {"encoding": "latin-99"}, "file.encoding"),
        (["file"], {"delimiter": "||"}, "file.delimiter"),
        (["report"], [{"reason": "x"}], "report[0]"),
        (["facts"], [], "facts"),
        (["facts", 0, "topic"], "dialer.cals.v1", "facts[0].topic"),
        (["facts", 0, "fields", "cal_id"], {"column": "id"}, "facts[0].fields.cal_id"),
        (["facts", 0, "fields", "call_id"], {"colum": "id"}, "facts[0].fields.call_id"),
        (["facts", 0, "fields", "call_id"], {}, "facts[0].fields.call_id"),
        (["facts", 0, "fields", "call_id"], {"column": "id", "value": "x"}, "facts[0].fields.call_id"),
        (["facts", 0, "fields", "call_id"], {"first": [{"with": "-"}]}, "facts[0].fields.call_id.first[0]"),
    ],
)
def test_a_mistake_in_a_mapping_is_refused_at_its_place(
    tmp_path: Path, path: list[Any], value: object, place: str
) -> None:
    """The error names where the mistake stands, so that it is found without guessing."""
    mapping: Any = plain()
    inner = mapping
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(UserError) as error:
        load(tmp_path, mapping)
    assert place in str(error.value)
    assert error.value.exit_code == 2


def test_a_required_field_that_is_not_mapped_is_refused(tmp_path: Path) -> None:
    """A mapping that could never give a good fact is no mapping."""
    mapping = plain()
    del mapping["facts"][0]["fields"]["campaign_id"]
    with pytest.raises(UserError, match=r"facts\[0\].fields.campaign_id: is missing"):
        load(tmp_path, mapping)


def test_a_column_that_the_file_lacks_is_refused_before_any_row(tmp_path: Path) -> None:
    """A renamed column is told at once, with the place that names it."""
    with pytest.raises(
        UserError, match=r"line 1: lacks the column 'agent' of the mapping's facts\[0\].fields.operator"
    ):
        read(tmp_path, plain(), "id,dialled,who\n1,2026-03-02 09:00:00,x\n")


def test_every_word_of_the_language_does_what_its_page_says(tmp_path: Path) -> None:
    """join, first, map, absent, when, unless and value, each in one row."""
    mapping = plain()
    mapping["facts"][0]["fields"] = {
        "call_id": {"join": ["line", "id"], "with": "/"},
        "started_at": {"column": "dialled"},
        "campaign_id": {"first": [{"column": "campaign", "absent": ["-"]}, {"value": "none"}]},
        "answered_by": {"column": "result", "map": {"AMD": "machine", "OK": "human", "NO": None}},
        "talk_seconds": {"column": "talk", "when": {"talk": {"above": 0}}},
        "attempt": {"column": "try", "unless": {"try": ["", "0"]}},
        "abandoned": {"column": "lost", "map": {"y": True, "n": False}},
    }
    header = "line,id,dialled,campaign,result,talk,try,lost\n"
    facts = read(
        tmp_path, mapping, header + "A,1,2026-03-02 09:00:00,-,OK,12.5,2,n\nB,2,2026-03-02 09:00:01,autumn,NO,0,0,y\n"
    )
    assert facts == [
        (
            '{"call_id":"A/1","started_at":"2026-03-02T08:00:00Z","campaign_id":"none","answered_by":"human",'
            '"talk_seconds":12.5,"attempt":2,"abandoned":false,"stated_at":"2026-03-02T08:00:00Z"}'
        ),
        (
            '{"call_id":"B/2","started_at":"2026-03-02T08:00:01Z","campaign_id":"autumn","abandoned":true,'
            '"stated_at":"2026-03-02T08:00:01Z"}'
        ),
    ]


def test_one_row_may_give_several_facts_and_a_row_without_a_rule_is_reported(tmp_path: Path) -> None:
    """Rules are asked one by one; where none holds, the row is named as not used."""
    mapping = plain()
    fields = {"call_id": {"column": "id"}, "call_started_at": {"column": "dialled"}, "operator_id": {"column": "agent"}}
    conversation = {
        "topic": "dialer.conversations.v1",
        "when": {"result": "sold"},
        "fields": fields | {"campaign_id": {"value": "autumn"}, "outcome": {"value": "appointment"}},
    }
    mapping["facts"][0]["when"] = [{"result": "sold"}, {"result": "none"}]
    mapping["facts"].append(conversation)
    rows = "".join(f"{number},2026-03-02 09:00:00,o1,{word}\n" for number, word in enumerate(("sold", "none", "test")))
    found = read(tmp_path, mapping, "id,dialled,agent,result\n" + rows)
    assert [("outcome" in fact, "started_at" in fact) for fact in found[:3]] == [
        (False, True),
        (True, True),
        (False, True),
    ]
    assert found[3:] == ["no_rule_for_it"]


@pytest.mark.parametrize(
    ("dialled", "expected"),
    [
        ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        ("2026-03-29 02:30:00", "no_such_local_time"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
    ],
)
def test_clock_changes_are_read_by_the_zone(tmp_path: Path, dialled: str, expected: str) -> None:
    """A repeated time is its first occurrence, a skipped one never was and its row is reported."""
    (found,) = read(tmp_path, plain(), f"id,dialled,agent\n1,{dialled},o1\n")
    assert expected in found


@pytest.mark.parametrize(("choice", "expected"), [("second", "01:30:00Z"), ("report", "ambiguous_local_time")])
def test_a_mapping_may_choose_the_second_of_two_times_or_report_them(
    tmp_path: Path, choice: str, expected: str
) -> None:
    """Which of two hours a log means is the mapping's to say."""
    mapping = plain()
    mapping["time"]["ambiguous"] = choice
    (found,) = read(tmp_path, mapping, "id,dialled,agent\n1,2026-10-25 02:30:00,o1\n")
    assert expected in found


def test_a_call_that_runs_through_the_clock_change_keeps_its_length(tmp_path: Path) -> None:
    """The second reading of a repeated time is taken where it lies nearer to the row's start."""
    mapping = plain()
    mapping["facts"][0]["fields"]["ended_at"] = {"column": "ended"}
    (found,) = read(tmp_path, mapping, "id,dialled,agent,ended\n1,2026-10-25 02:58:00,o1,2026-10-25 02:03:00\n")
    assert '"started_at":"2026-10-25T00:58:00Z"' in found
    assert '"ended_at":"2026-10-25T01:03:00Z"' in found
