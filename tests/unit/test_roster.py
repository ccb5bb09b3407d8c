"""The roster: names behind ids, from a file that people edit while it is read."""

import logging
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.roster import LOOK_EVERY_S, Entry, Roster, RosterError, RosterFile, read_roster

WANTED = Roster({"o1": Entry("Ada", "t1", "lyon"), "007": Entry("Zoé")}, {"t1": "Morning"}, {"lyon": "Lyon, east"})
CSV = 'kind,id,name,team,site\noperator,o1,Ada,t1,lyon\n\n,007,Zoé,,\nteam,t1,Morning,,\nsite,lyon,"Lyon, east",,\n'
YAML = """
operators:
  o1: {name: Ada, team: t1, site: lyon}
  007: Zoé
teams: {t1: Morning}
sites:
  lyon: Lyon, east
"""


def written(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [("r.csv", CSV), ("r.yaml", YAML), ("r.csv", "\ufeff" + CSV.replace("\n", "\r\n")), ("r.yml", YAML)],
)
def test_both_forms_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    """With a spreadsheet's marks and line ends too; ids stay the text that they are."""
    assert read_roster(written(tmp_path, name, text)) == WANTED


def test_a_spreadsheets_semicolons_are_taken(tmp_path: Path) -> None:
    """Columns in any order; those left out are empty."""
    assert read_roster(written(tmp_path, "r.csv", "Name;ID\nAda;o1\n")).operators == {"o1": Entry("Ada")}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("r.csv", "", "line 1: the columns"),
        ("r.csv", "name,team\nSecret,t1\n", "line 1: the columns"),
        ("r.csv", "id,name,phone\no1,Secret,1\n", "line 1: the columns"),
        ("r.csv", "id,name\no1,Secret\n,Secret\n", "line 3: id is missing"),
        ("r.csv", "id,name\no1,Secret\n\no1,Secret\n", "line 4: id stands twice"),
        ("r.csv", "id,name\no1,Secret,x\n", "line 2: has 3 values"),
        ("r.csv", "kind,id,name\nboss,o1,Secret\n", "line 2: kind is none"),
        ("r.csv", "kind,id,name\nteam,Secret,\n", "line 2: a team without a name"),
        ("r.csv", 'id,name\no1,"Secret\n', "line 2: "),
        ("r.csv", "id,name\no1,Secret\x07\n", "line 2: a value"),
        ("r.yaml", "operators: [Secret]", "line 1: is no map"),
        ("r.yaml", "operators:\n  o1: {phone: Secret}", "line 2: is none of name"),
        ("r.yaml", "people: {}", "line 1: is none of operators"),
        ("r.yaml", "operators:\n  o1: {name: [Secret]}", "line 2: is no text"),
        ("r.yaml", "operators: {\n  Secret", "line 2: is not YAML"),
    ],
)
def test_what_is_wrong_is_named_by_its_line_and_never_by_its_content(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    """The message may end in a log, where no person's name belongs."""
    with pytest.raises(RosterError) as caught:
        read_roster(written(tmp_path, name, text))
    assert said in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_a_wrong_file_stops_the_start_with_one_line(tmp_path: Path) -> None:
    """The setting, the file, the line; exit code 2."""
    path = written(tmp_path, "r.csv", "name\nx\n")
    with pytest.raises(UserError, match=r"DIALPULSE_ROSTER=.*line 1"):
        RosterFile(str(path))


def test_a_changed_file_is_read_again_and_a_broken_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The last good one stays, the log gets one line without a name, and the next good one is taken."""
    path = written(tmp_path, "r.csv", "id,name\no1,Ada\n")
    clock = [0.0]
    roster = RosterFile(str(path), lambda: clock[0])
    first = roster.now()
    clock[0] += LOOK_EVERY_S
    assert roster.now() is first
    written(tmp_path, "r.csv", "id,name\no1,Bea,oops\n")
    with caplog.at_level(logging.WARNING, "dialpulse"):
        for _ in range(3):
            clock[0] += LOOK_EVERY_S
            assert roster.now() is first
    assert [record.getMessage().count("line 2") for record in caplog.records] == [1]
    assert "Bea" not in caplog.text
    written(tmp_path, "new.csv", "id,name\no1,Eve\n").replace(path)
    clock[0] += LOOK_EVERY_S
    assert roster.now().operators["o1"].name == "Eve"


def test_without_a_file_nobody_has_a_name() -> None:
    """Ids are shown as they are."""
    assert RosterFile(None).now() == Roster()
