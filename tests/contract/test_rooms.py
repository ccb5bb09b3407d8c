"""The rooms: what processors/ and schemas/ may import, as the linter has it and as it stands in the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {"processors": {"msgspec", "schemas", "processors"}, "schemas": {"msgspec", "schemas"}}


def lint(room: str, code: str) -> str:
    """What ruff says about the code, were it a file of the room; by the room's own settings."""
    words = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "--stdin-filename"]
    done = subprocess.run(
        [*words, str(ROOT / room / "tried.py"), "-"], input=code, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


@pytest.mark.parametrize("room", ALLOWED)
@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\n\nasyncio.run\n",
        "import socket\n\nsocket.socket\n",
        "import time\n\ntime.time()\n",
        "from time import monotonic\n\nmonotonic()\n",
        "from datetime import UTC, datetime\n\ndatetime.now(UTC)\n",
        "from datetime import date\n\ndate.today()\n",
        "from pathlib import Path\n\nPath.cwd()\n",
        "import os\n\nos.environ\n",
        "import random\n\nrandom.random()\n",
        "import redis\n\nredis.Redis\n",
        "import faust\n\nfaust.App\n",
        "from streams import settings\n\nsettings.Settings\n",
    ],
)
def test_the_linter_refuses_what_a_room_must_not_import(room: str, code: str) -> None:
    """Clocks, input and output, chance, other libraries and the room of deeds are banned in both rooms."""
    assert "TID251" in lint(room, code)


@pytest.mark.parametrize("room", ALLOWED)
@pytest.mark.parametrize("code", ["open('x').read()\n", "print('x')\n"])
def test_the_linter_refuses_files_and_prints(room: str, code: str) -> None:
    """What needs no import to do input or output is refused by rules of its own."""
    assert {"PTH123", "T201"} & set(lint(room, code).split())


@pytest.mark.parametrize("room", ALLOWED)
def test_the_linter_lets_pure_code_pass(room: str) -> None:
    """The ban is on what is named, not on everything."""
    code = "from datetime import UTC, datetime\n\nimport msgspec\n\nEPOCH = datetime(1970, 1, 1, tzinfo=UTC), msgspec\n"
    assert "TID251" not in lint(room, code)


def test_the_room_of_deeds_may_do_them() -> None:
    """The same code passes in streams/."""
    assert "TID251" not in lint("streams", "import time\n\ntime.time()\n")


def test_schemas_do_not_know_the_processors() -> None:
    """Promises do not depend on how they are kept."""
    assert "TID251" in lint("schemas", "from processors import kpis\n\nkpis.KPIS\n")


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_the_standard_library_and_what_it_is_allowed(room: str) -> None:
    """A library that the linter's list does not know yet is found here."""
    allowed = ALLOWED[room] | sys.stdlib_module_names
    found = {path.name: imported(path) - allowed for path in (ROOT / room).rglob("*.py")}
    assert {name: extra for name, extra in found.items() if extra} == {}
