"""Setting up: what `make` offers, and the one line that says what a bare machine lacks."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder that serves as the whole PATH of a machine on which nothing is installed, for a user who is not root."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    add(tmp_path, "id", "echo 1000")
    return tmp_path


def add(folder: Path, name: str, text: str) -> None:
    program = folder / name
    program.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    program.chmod(0o755)


def bootstrap(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # A checkout of its own: this one may have what the tests need unpacked beside it already.
    checkout = path / "checkout" / "scripts"
    checkout.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ["bash", shutil.copy(ROOT / "scripts" / "bootstrap", checkout), *words],
        env={"PATH": str(path)},
        executable=shutil.which("bash"),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bare_make_lists_the_targets_with_one_line_each() -> None:
    """Nothing is run by it."""
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^make ([\w-]+) +\w", listed, re.MULTILINE) == [
        *("demo", "test", "check", "bench", "faults", "alerts-trial", "alerts-live", "docs"),
    ]


def test_missing_programs_are_named_before_anything_runs(bare: Path) -> None:
    """Who may not install gets the line to type."""
    done = bootstrap(bare, "test")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install -y chromium prometheus prometheus-alertmanager\n" in done.stderr


def test_only_what_is_missing_is_named(bare: Path) -> None:
    """A browser that is there is not asked for again."""
    for name in ("chromium-browser", "promtool"):
        add(bare, name, "exit 0")
    assert bootstrap(bare, "test").stderr.endswith("type  sudo apt-get install -y prometheus-alertmanager\n")


@pytest.mark.parametrize("purpose", ["run", "dev"])
def test_a_missing_python_is_named(bare: Path, purpose: str) -> None:
    """Only 3.11 and 3.12 serve; another python3 is no help."""
    add(bare, "python3", "exit 1")
    done = bootstrap(bare, purpose)
    assert done.returncode == 2
    assert re.fullmatch(r"bootstrap: neither Python 3.11 nor 3.12 is here: .*apt-get install.*\n", done.stderr)


def test_an_unknown_purpose_is_refused(bare: Path) -> None:
    """The line names the purposes."""
    done = bootstrap(bare, "everything")
    assert (done.returncode, done.stderr) == (2, "bootstrap: say what for: run, dev or test\n")


@pytest.mark.parametrize("name", ["run", "dev", "bench", "build", "uv"])
def test_every_locked_requirement_has_a_hash_and_no_host_is_named(name: str) -> None:
    """What is installed is what was locked, from wherever it is fetched."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert entries
    assert all(re.match(r"[A-Za-z0-9_.\[\]-]+==", entry) and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in text


def test_both_scripts_can_be_executed() -> None:
    """They keep their mode in the repository."""
    assert all(os.access(ROOT / path, os.X_OK) for path in ("scripts/bootstrap", ".ci/run"))
