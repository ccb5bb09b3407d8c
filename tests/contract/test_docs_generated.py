"""What is made from settings, commands and KPIs is current, and the command that makes it can tell."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from processors.hours import Clocks
from processors.kpis import COUNTS, KPIS
from processors.reading import Reader
from processors.times import parse_time
from streams import docs
from streams.commands import COMMANDS, main
from streams.documents.markdown import MADE, fill, table
from streams.settings import Settings, accepts, env_name


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the pages alone that people write: all else is made."""
    (tmp_path / "docs").mkdir()
    for page in (docs.README, docs.SECURITY):
        shutil.copy(docs.ROOT / page, tmp_path / page)
    return tmp_path


def test_generated_pages_are_current() -> None:
    """Drift: somebody changed a setting, a command's help or a KPI, and not what is made from it."""
    assert docs.differences(docs.ROOT) == []


def test_the_command_writes_all_and_then_finds_nothing_to_do(checkout: Path) -> None:
    """Writing twice changes nothing the second time."""
    (checkout / docs.README).write_text((checkout / docs.README).read_text().replace("`DIALPULSE_KAFKA`", ""))
    assert docs.main(["--root", str(checkout)]) == 0
    assert docs.main(["--check", "--root", str(checkout)]) == 0
    assert docs.write(checkout) == []
    assert (checkout / docs.README).read_text() == (docs.ROOT / docs.README).read_text()


def test_the_check_names_every_page_that_differs(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in a line of its own with what to do, exit code 1, and nothing is written."""
    docs.write(checkout)
    (checkout / "docs/kpis.md").write_text("# KPIs of yesterday\n")
    (checkout / "docs/settings.md").unlink()
    readme = (checkout / docs.README).read_text().replace("| `DIALPULSE_PREFIX` |", "| `DIALPULSE_PREFIXES` |")
    (checkout / docs.README).write_text(readme)
    assert docs.main(["--check", "--root", str(checkout)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in said] == ["docs/settings.md", "docs/kpis.md", "README.md"]
    assert all("run python -m streams.docs" in line for line in said)
    assert not (checkout / "docs/settings.md").exists()


def test_a_readme_without_a_place_for_a_block_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that quotes the missing marker, exit code 2, and no page is written."""
    readme = (checkout / docs.README).read_text().replace("<!-- end of settings -->", "")
    (checkout / docs.README).write_text(readme)
    assert docs.main(["--root", str(checkout)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("README.md needs the line")
    assert "<!-- end of settings -->" in said
    assert not (checkout / "docs/settings.md").exists()


def test_a_wrong_option_is_used_wrongly(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, as for every command; the help has an example."""
    with pytest.raises(SystemExit) as ended:
        docs.main(["--nonsense"])
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        docs.main(["--help"])
    assert "example:" in capsys.readouterr().out


def test_every_setting_command_count_and_rate_has_its_row() -> None:
    """Nothing that a user can set, type or read is left out of the pages."""
    made = docs.pages(docs.ROOT)
    for field in Settings.model_fields:
        row = next(line for line in made["docs/settings.md"].splitlines() if f"`{env_name(field)}`" in line)
        assert accepts(field).replace("|", "\\|").replace("<", "&lt;") in row
        assert row in made[docs.README]
    for name in COMMANDS:
        assert f"\n## dialpulse {name}\n" in made["docs/commands.md"]
        assert f"| `dialpulse {name}` |" in made[docs.README]
    assert [name.name for name in (*COUNTS, *KPIS)] == [
        line.split("`")[1] for line in made["docs/kpis.md"].splitlines() if line.startswith("| `")
    ]


def test_help_texts_do_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same page from a narrow terminal and a wide one."""
    monkeypatch.setenv("COLUMNS", "40")
    narrow = docs.pages(docs.ROOT)["docs/commands.md"]
    monkeypatch.setenv("COLUMNS", "300")
    assert docs.pages(docs.ROOT)["docs/commands.md"] == narrow


@pytest.mark.parametrize("words", [["worker"], ["topics", "check"], ["simulate"]])
def test_the_page_shows_what_the_command_prints(words: list[str]) -> None:
    """But for where lines are broken, the help on the page is the help in the terminal."""
    printed = " ".join(CliRunner().invoke(main, [*words, "--help"], prog_name="dialpulse").stdout.split())
    assert printed.startswith(f"Usage: dialpulse {' '.join(words)} ")
    assert printed in " ".join(docs.pages(docs.ROOT)["docs/commands.md"].split())


def test_the_fact_in_the_readme_is_a_good_one() -> None:
    """Whoever copies it sees it counted."""
    text = (docs.ROOT / docs.README).read_text()
    (value,) = re.findall(r"^```json\n(.+?)\n```$", text, re.MULTILINE | re.DOTALL)
    statement = Reader(Clocks("UTC")).read(
        "dialer.calls.v1", b"o17", value.encode(), parse_time("2026-11-23T14:00:00Z")
    )
    assert statement.owner == "o17"


def test_a_table_keeps_bars_and_angle_brackets() -> None:
    """Neither ends a cell nor starts a tag; within code an angle bracket is itself."""
    assert table(("a",), [("x|y <z> `<k>`",)]) == ["| a |", "| --- |", "| x\\|y &lt;z> `<k>` |"]


def test_a_block_is_replaced_and_the_rest_stays() -> None:
    """What a person wrote around the markers is not touched."""
    filled = fill(f"one\n<!-- b: {MADE} -->\nold\n<!-- end of b -->\ntwo", {"b": ["new", "lines"]})
    assert filled == f"one\n<!-- b: {MADE} -->\n\nnew\nlines\n\n<!-- end of b -->\ntwo"
