"""Quix Streams and Bytewax: programs in an environment of their own, whose versions would be at odds with ours."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import UserError
from tests.bench.peers.peer import Peer
from tests.bench.programs import Program, program
from tests.bench.stage import Stage

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
REQUIREMENTS = ROOT / "requirements" / "bench.txt"
ENVIRONMENT = ROOT / ".venv-bench"
FIRST, DONE = "assigned", "done"


class Quix(Peer):
    """Quix Streams; done when its group has committed everything."""

    def __init__(self) -> None:
        super().__init__("quix")

    def prepare(self, stage: Stage) -> None:
        """Its changelog gone too."""
        super().prepare(stage)
        stage.drop([self._changelog(stage)])

    @contextmanager
    def started(self, stage: Stage, state: str = "state") -> Iterator[Program]:
        """Assigned with its first fact."""
        words = [stage.kafka, stage.source, self.kpis, self.group, state]
        with program(self.name, [str(python(stage)), str(HERE / "quix.py"), *words], os.environ, FIRST) as running:
            yield running

    def changelog_bytes(self, stage: Stage, running: Program) -> int:
        """The size of its changelog topic."""
        return stage.bytes_of(self._changelog(stage))

    def _changelog(self, stage: Stage) -> str:
        return f"changelog__{self.group}--{stage.source}--default"


class Bytewax(Peer):
    """Bytewax; done when it says that it has read all there is. It has no group, and lets its pages go then."""

    keeps_pages = False

    def __init__(self) -> None:
        super().__init__("bytewax")

    @contextmanager
    def started(self, stage: Stage, state: str = "state") -> Iterator[Program]:
        """Assigned with its first fact."""
        line = [str(python(stage)), str(HERE / "bytewax_flow.py"), stage.kafka, stage.source, self.kpis, state]
        with program(self.name, line, os.environ, FIRST) as running:
            yield running

    def wait(self, stage: Stage, running: Program, facts: int) -> None:
        """Returns once it has come to the end of the topic."""
        running.wait_until_said(DONE)

    def changelog_bytes(self, stage: Stage, running: Program) -> int:
        """The size of its database, which is on this machine."""
        return sum(file.stat().st_size for file in (running.log.parent / "state").iterdir())


def python(stage: Stage) -> Path:
    """The environment's Python; the environment is made where its lock has changed since."""
    found, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "made.from"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        stage.say("making the environment .venv-bench for Quix Streams and Bytewax")
        uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
        for line in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT)],
            [uv, "pip", "sync", "--quiet", "--python", str(found), "--require-hashes", str(REQUIREMENTS)],
        ):
            done = subprocess.run(line, capture_output=True, text=True, check=False)
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1:]
                raise UserError(f"{' '.join(line[:2])} failed ({said}): see to the network", exit_code=1)
        stamp.write_text(REQUIREMENTS.read_text())
    return found
