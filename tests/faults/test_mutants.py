"""Mutants and points of failure reach into the product by private names: one that has moved is noticed here."""

import subprocess
import sys
from pathlib import Path

from tests.faults.mutants import MUTANTS
from tests.faults.programme import TRAPS

APPLY = """
import sys
from pathlib import Path
from tests.faults import points, worker_entry
from tests.faults.control import Control
from tests.faults.mutants import MUTANTS
for mutate in MUTANTS.values():
    mutate()
points.install(Control(Path(sys.argv[1])), slow_seek=True)
"""


def test_everything_that_mutants_and_points_change_is_there(tmp_path: Path) -> None:
    """In a process of its own, which is broken afterwards."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", APPLY, str(tmp_path / "control")], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_mutant_has_its_trap() -> None:
    """And no trap is left without one."""
    assert MUTANTS.keys() == TRAPS.keys()
