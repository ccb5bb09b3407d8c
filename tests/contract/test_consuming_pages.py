"""What docs/consuming.md and its pages show is what is tested; the JavaScript of it is run here, as it stands."""

import json
import re
import subprocess
from pathlib import Path

import playwright

from tests.bad_order import GREATEST, calls_of_greatest, records

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
PAGES = [DOCS / "consuming.md", *sorted((DOCS / "consuming").glob("*.md"))]
NODE = Path(playwright.__file__).parent / "driver/node"
"""The JavaScript engine that playwright, which the tests depend on, brings along."""

_SHOWN = re.compile(r"\[`(?P<name>[^`]+)`\]\((?P<link>[^)]*examples/[^)]*)\):\n\n```\w+\n(?P<text>.*?)```\n", re.DOTALL)


def shown() -> dict[Path, str]:
    """Every file that the pages show, with the text that they show."""
    found: dict[Path, str] = {}
    for page in PAGES:
        for match in _SHOWN.finditer(page.read_text(encoding="utf-8")):
            path = (page.parent / match["link"]).resolve()
            assert path.name == match["name"]
            found[path] = match["text"]
    return found


def test_the_pages_show_every_example_as_it_stands() -> None:
    """A changed file or a changed page is found; an example that no page shows is one that nobody reads."""
    files = [path for path in EXAMPLES.iterdir() if path.is_file() and path.name != "ruff.toml"]
    kept = {path: path.read_text(encoding="utf-8") for path in files}
    assert shown() == kept


def test_links_between_the_pages_lead_to_files() -> None:
    """Every relative link of these pages."""
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_python_reader_is_a_page_long() -> None:
    """Twenty lines are what a reader needs."""
    assert len((EXAMPLES / "consume.py").read_text().splitlines()) <= 20


def test_taking_the_last_record_would_be_wrong_here() -> None:
    """The order that the readers are tried with is one in which a simpler reader fails."""
    last = {one.key: json.loads(one.value)["revision"] for one in records(4) if one.value is not None}
    assert last != GREATEST


def test_javascript_ends_right(tmp_path: Path) -> None:
    """The function of the page, run over the same records in the same order."""
    sent = [[one.key, None if one.value is None else one.value.decode()] for one in records(4)]
    script = f"""
        import {{ keep }} from {json.dumps((EXAMPLES / "newest.mjs").as_uri())};
        const newest = new Map();
        let taken = 0;
        for (const [key, text] of {json.dumps(sent)}) {{
            taken += keep(newest, key, text === null ? null : Buffer.from(text));
        }}
        console.log(JSON.stringify([taken, [...newest].map(([k, r]) => [k, [r.revision, r.counts.calls]])]));
    """
    (tmp_path / "try.mjs").write_text(script, encoding="utf-8")
    words = [str(NODE), str(tmp_path / "try.mjs")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    taken, ended = json.loads(done.stdout)
    assert {key: tuple(value) for key, value in ended} == {
        key: (wanted, calls_of_greatest()[key]) for key, wanted in GREATEST.items()
    }
    assert taken == 9


def test_the_javascript_reader_is_javascript() -> None:
    """What needs a library that the tests do not have is at least read by the engine, without a complaint."""
    done = subprocess.run(
        [str(NODE), "--check", str(EXAMPLES / "consume.mjs")], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
