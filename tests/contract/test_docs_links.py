"""What the docs point at is there."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
        *(ROOT / "schemas").rglob("*.md"),
    ]
)
FILES = re.compile(r"`((?:schemas|processors|streams|tests|deploy|docs)/[\w./-]+)`")


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have where it is shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Pages, pictures and headings; addresses of other machines are not asked."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(page: Path) -> None:
    """A file that was moved is still found from the docs."""
    assert [name for name in FILES.findall(page.read_text("utf-8")) if not (ROOT / name).exists()] == []


def test_every_package_has_its_reason() -> None:
    """What the project depends on stands in the record of dependencies, types of packages apart."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^\w.-]", package)[0].lower() for package in wanted}
    record = (ROOT / "docs/decisions/0007-dependencies.md").read_text()
    told = set(re.findall(r"[\w-]+", " ".join(line.split("|")[1] for line in record.splitlines() if line[:2] == "| ")))
    assert {name for name in names if not name.startswith("types-")} - told == set()


def test_every_room_is_on_the_map() -> None:
    """A newcomer finds each folder of streams/ in ARCHITECTURE.md."""
    rooms = {path.parent.name for path in (ROOT / "streams").glob("*/__init__.py")}
    told = set(re.findall(r"`(\w+)/`", (ROOT / "ARCHITECTURE.md").read_text()))
    assert rooms - told == set()


def test_every_decision_is_listed_in_order() -> None:
    """Numbers without a gap; the list names each with its own title."""
    folder = ROOT / "docs/decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    listed = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| (.+) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    titles = [re.sub(r"^# \d+\. ", "", record.read_text().splitlines()[0]) for record in records]
    assert listed == [(record.name[:4], record.name, title) for record, title in zip(records, titles, strict=True)]
    for record in records:
        assert re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE) == [
            "What hurt", "What we chose", "What it costs",
        ]  # fmt: skip
