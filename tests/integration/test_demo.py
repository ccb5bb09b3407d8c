"""`dialpulse demo` as a person starts it: the whole system, a recount at its end, and nothing left behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

PARTS = ("kafka.Kafka", "redis-server", "streams.commands worker", "streams.commands board")


@contextmanager
def _demo(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen, Path, Path]]:
    """A demo in a folder of its own; with where its output and its progress go."""
    said, told = folder / "said", folder / "told"
    line = [sys.executable, "-m", "streams.commands", "demo", "--folder", str(folder / "floor"), *options]
    free = {name: what for name, what in os.environ.items() if not name.startswith("DIALPULSE_")}
    environment = free | {"XDG_STATE_HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    with said.open("wb") as out, told.open("wb") as err:
        process = subprocess.Popen(line, env=environment, cwd=Path.cwd(), stdout=out, stderr=err)
    try:
        yield process, said, told
    finally:
        process.kill()
        process.wait(10)


def _await(process: subprocess.Popen, log: Path, pattern: str, seconds: float = 60) -> str:
    """The first match of a pattern in a log."""
    give_up = time.monotonic() + seconds
    while not (found := re.search(pattern, log.read_text())):
        assert process.poll() is None, f"the demo ended with {process.returncode}:\n{log.read_text()[-3000:]}"
        assert time.monotonic() < give_up, log.read_text()[-3000:]
        time.sleep(0.05)
    return found.group(0)


def _family(process: subprocess.Popen) -> list[psutil.Process]:
    """Everything that the demo started, directly or not."""
    return psutil.Process(process.pid).children(recursive=True)


def _left(family: list[psutil.Process]) -> list[str]:
    """The command lines of those that still run."""
    left = []
    for one in family:
        try:
            if one.is_running() and one.status() != psutil.STATUS_ZOMBIE:
                left.append(" ".join(one.cmdline())[:200])
        except psutil.NoSuchProcess:
            continue
    return left


def _facts_behind(board: str) -> list[dict[str, Any]]:
    """The facts behind an operator's last full hour, by the page's own way: nobody has told the demo a token."""
    hour = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H}:00:00Z"
    give_up = time.monotonic() + 8
    while True:
        try:
            with urllib.request.urlopen(f"http://{board}/api/operators/op-01/hours/{hour}/facts", timeout=5) as answer:
                found: list[dict[str, Any]] = json.load(answer)["statements"]
                return found
        except urllib.error.HTTPError as error:
            said = error.read().decode()
        assert time.monotonic() < give_up, said
        time.sleep(0.2)


def _parts(family: list[psutil.Process]) -> set[str]:
    lines = [" ".join(one.cmdline()) for one in family]
    return {part for part in PARTS if any(part in line for line in lines)}


@pytest.mark.timeout(180)
def test_a_demo_ends_by_itself_with_a_recount_that_agrees(tmp_path: Path) -> None:
    """Exit 0, what was produced and counted, and not one process left."""
    with _demo(tmp_path, "--for", "8", "--operators", "12") as (process, said, told):
        _await(process, said, r"ends by itself after 8 s of input")
        family = _family(process)
        assert _parts(family) == set(PARTS)
        board = re.search(r"http://(127\.0\.0\.1:\d+)/", said.read_text())
        assert board is not None
        with urllib.request.urlopen(f"http://{board.group(1)}/", timeout=10) as page:
            assert page.status == 200
        assert _facts_behind(board.group(1)), told.read_text()[-3000:]
        assert process.wait(120) == 0, told.read_text()[-3000:]
        text = said.read_text()
    produced = re.search(r"produced ([\d,]+) facts in", text)
    assert produced is not None and int(produced.group(1).replace(",", "")) > 100
    short = re.search(r"in short: ([\d,]+) facts accepted, [\d,]+ duplicates, .* ([\d,]+) KPI records; (.*)", text)
    assert short is not None and short.group(3) == "the recount agrees"
    assert all(int(number.replace(",", "")) > 50 for number in short.groups()[:2])
    assert _left(family) == []


def _worker(process: subprocess.Popen, before: int | None, told: Path) -> psutil.Process:
    """The worker that runs now, once it is another than the one before."""
    give_up = time.monotonic() + 30
    while True:
        for one in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if one.pid != before and "worker" in one.cmdline():
                    return one
        assert process.poll() is None and time.monotonic() < give_up, told.read_text()[-3000:]
        time.sleep(0.05)


@pytest.mark.timeout(240)
def test_a_worker_killed_three_times_during_a_demo_costs_no_number(tmp_path: Path) -> None:
    """kill -9 each time: another is started each time, and the recount agrees to the last number."""
    with _demo(tmp_path, "--for", "30", "--operators", "20") as (process, said, told):
        _await(process, said, r"ends by itself after 30 s of input")
        killed: int | None = None
        for _ in range(3):
            worker = _worker(process, killed, told)
            time.sleep(6)  # in the midst of its work, or of its recovery
            assert process.poll() is None and worker.is_running() and "produced" not in said.read_text()
            worker.kill()
            killed = worker.pid
        _worker(process, killed, told)
        assert "produced" not in said.read_text()
        assert process.wait(150) == 0, told.read_text()[-3000:]
        text = said.read_text()
    assert re.search(r"in short: [\d,]+ facts accepted, .*; the recount agrees", text)
    assert len(re.findall(r"the worker was ended by signal 9", told.read_text())) == 3


@pytest.mark.timeout(180)
def test_a_demo_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    """kill -9 of its process: Kafka, Redis, worker and board end by themselves."""
    with _demo(tmp_path, "--operators", "5") as (process, said, _):
        _await(process, said, r"Ctrl-C ends it all")
        family = _family(process)
        assert _parts(family) == set(PARTS)
        process.kill()
        process.wait(10)
        give_up = time.monotonic() + 30
        while left := _left(family):
            assert time.monotonic() < give_up, left
            time.sleep(0.1)


@pytest.mark.timeout(180)
def test_ctrl_c_while_a_demo_is_starting_ends_what_it_has_started(tmp_path: Path) -> None:
    """Nothing is ready yet, and nothing stays; no traceback for a person who changed their mind."""
    with _demo(tmp_path, "--operators", "5") as (process, _, told):
        _await(process, told, r"starting the worker and the board")
        family = _family(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert _left(family) == []
        assert "Traceback" not in told.read_text()
