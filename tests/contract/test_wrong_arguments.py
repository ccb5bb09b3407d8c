"""A wrong argument of what the makefile runs is told in one line, and nothing is started for it."""

import subprocess
import sys

import pytest

WRONG = {
    "trial --sizes few": "argument --sizes: few is unknown; known are 60, 150, 300, 600, 1200",
    "trial --teams -3": "argument --teams: '-3' is no whole number from 0 on",
    "trial --teams 0 --floors -1": "argument --floors: '-1' is no whole number from 0 on",
    "bench --facts many": "argument --facts: 'many' is no whole number from 1 on",
    "bench --rounds 0": "argument --rounds: '0' is no whole number from 1 on",
    "bench --only nonesuch": "argument --only: nonesuch is unknown; known are reference, ours,",
    "faults --facts 0": "argument --facts: '0' is no whole number from 1 on",
    "faults --minutes nan": "argument --minutes: 'nan' is no number from 0.1 on",
    "faults --sound": "--sound goes with --mutant, whose faults it plays",
    "deploy.live --speed 7": "argument --speed: invalid choice: 7",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_argument_is_one_line(words: str) -> None:
    """After the usage: the argument, what was given, what is taken. Exit code 2."""
    module, *arguments = words.split()
    line = [sys.executable, "-m", f"tests.{module}", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert WRONG[words] in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
