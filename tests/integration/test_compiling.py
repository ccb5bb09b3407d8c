"""Compiling: what a machine without a compiler is told, and that nothing stale or misread ever runs."""

import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from processors.hours import Clocks
from processors.reading import NoScanner, Reader
from processors.times import parse_time
from streams.compiled import STAMP, insist_on_fresh, is_compiled
from streams.errors import UserError
from tests.deploy.compose import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources by themselves, nothing of them compiled, and no cache to take it from."""
    leave = shutil.ignore_patterns("*.so", "*.stamp", "__pycache__")
    for room in ("schemas", "processors", "streams", "scripts"):
        shutil.copytree(ROOT / room, tmp_path / "checkout" / room, ignore=leave)
    return tmp_path / "checkout"


def compiling(checkout: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(checkout.parent / "cache"), **variables}
    line = [sys.executable, "scripts/compile.py", *words]
    return subprocess.run(line, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_without_a_compiler_it_says_what_to_install_and_goes_on(checkout: Path) -> None:
    """The program runs interpreted then; whoever requires it compiled is refused."""
    done = compiling(checkout, CC="no-such-compiler")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "not compiled" in done.stderr and "(no-such-compiler): apt-get install gcc" in done.stderr
    assert compiling(checkout, "--require", CC="no-such-compiler").returncode == 1
    said = "from streams.compiled import is_compiled, insist_on_fresh; insist_on_fresh(); print(is_compiled())"
    ran = subprocess.run([sys.executable, "-c", said], cwd=checkout, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


def test_a_cache_that_cannot_be_is_no_harm(checkout: Path) -> None:
    """A home that is a file, as where none can be written: what is wrong is said in one line, and it goes on."""
    (checkout.parent / "cache").write_text("")
    done = compiling(checkout, CC="no-such-compiler")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)


def test_the_cache_keeps_what_was_used_last(tmp_path: Path) -> None:
    """Every edit of a source gives another result: those of long ago go."""
    script, made = runpy.run_path(str(ROOT / "scripts" / "compile.py")), tmp_path / "made"
    for target in script["targets"]():
        (made / target).parent.mkdir(parents=True, exist_ok=True)
        (made / target).write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path))
        for day in range(script["KEPT"] + 1):
            script["_keep"](made, f"sources of day {day}")
            os.utime(script["_cache"](f"sources of day {day}"), (day, day))
            assert script["_cached"]("sources of day 0") is not None
        script["_keep"](made, "sources of today")
        found = {day for day in range(script["KEPT"] + 1) if script["_cached"](f"sources of day {day}")}
        assert script["_cached"]("sources of today")
    assert found == {0, *range(3, script["KEPT"] + 1)}


def test_a_compiler_that_fails_is_quoted(checkout: Path) -> None:
    """Its last words say why, and nothing half made is left."""
    done = compiling(checkout, CC="false")
    assert done.returncode == 0 and "not compiled" in done.stderr
    assert not [*checkout.rglob("*.so"), *checkout.rglob("*.stamp")]


def test_a_source_changed_after_it_was_compiled_is_refused(checkout: Path) -> None:
    """What would run is not what is read there: the error names the file and the remedy."""
    fold = checkout / "processors" / "fold.py"
    stamp = f"# how\n{hashlib.sha256(fold.read_bytes()).hexdigest()}  processors/fold.py\n"
    (checkout / STAMP).write_text(stamp)
    insist_on_fresh(checkout)
    fold.write_text(fold.read_text() + "\n")
    with pytest.raises(UserError, match=rf"{fold} was changed after it was compiled: run scripts/bootstrap run"):
        insist_on_fresh(checkout)


def test_the_scanner_takes_every_plain_fact_where_the_hot_path_is_compiled() -> None:
    """Else the law that it says the same as the other ways would be empty; where nothing is compiled it takes none."""
    scanner = Reader(Clocks("UTC", {"paris": "Europe/Paris"})).scanner
    assert isinstance(scanner, NoScanner) is not is_compiled()
    common = {"operator_id": "o 1", "team_id": "t1", "site_id": "paris", "campaign_id": "autumn", "call_id": "c1"}
    common |= {"talk_seconds": 12.345678, "lead_id": "l1", "version": 7, "voided": False, "script_id": None}
    at = "2025-11-04T10:00:03.5+01:00"
    times = {"started_at": at, "answered_at": at, "ended_at": "2025-11-04T09:01:00Z", "stated_at": at}
    call = common | times | {"answered_by": "human", "direction": "outbound", "attempt": 2, "abandoned": False}
    call |= {"prospect_time_zone": "Europe/Paris"}
    said = {"call_started_at": at, "outcome": "warm_lead", "warm_horizon": "short", "callback_at": at, "more": 1.5}
    for kind, fact in ((0, call), (1, common | said)):
        value = json.dumps(fact).encode()
        assert (scanner.scan(kind, b"o 1", value, parse_time(at)) is not None) is is_compiled()


def test_the_laws_hold_interpreted_too(checkout: Path) -> None:
    """Compiled or not, the same sources give the same verdicts and the same numbers."""
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    names = ("interning", "laws_pages", "laws_reading", "laws_rollups", "processors_golden")
    files = [f"test_{name}.py" for name in names]
    program = "import sys, pytest, streams.compiled; assert not streams.compiled.is_compiled(); sys.exit(pytest.main())"
    line = [sys.executable, "-c", program, "-q", "-p", "no:cacheprovider", *(f"tests/unit/{name}" for name in files)]
    variables = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(line, cwd=checkout, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
