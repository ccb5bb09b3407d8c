"""Quix Streams and Bytewax: programs in an environment of their own, whose versions would be at odds with ours."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from streams.errors import UserError
from tests.bench.measured import Run
from tests.bench.peers.results import insist_on_kpis, prepared
from tests.bench.programs import program
from tests.bench.recount import Recount
from tests.bench.stage import Stage

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
REQUIREMENTS = ROOT / "requirements" / "bench.txt"
ENVIRONMENT = ROOT / ".venv-bench"
FIRST, DONE = "assigned", "done"


def quix(stage: Stage, counted: Recount) -> Run:
    """Takes all facts; done when its group has committed them."""
    group = "bench-quix"
    kpis = f"{group}-kpis"
    changelog = f"changelog__{group}--{stage.source}--default"
    prepared(stage, group, kpis)
    stage.drop([changelog])
    line = [str(python(stage)), str(HERE / "quix.py"), stage.kafka, stage.source, kpis, group]
    with program("quix", line, os.environ, FIRST) as running:
        running.wait_until_committed(stage, group, counted.facts)
        used = running.used()
    insist_on_kpis(stage, counted, kpis, "quix")
    return Run(counted.facts, changelog_bytes=stage.bytes_of(changelog), **used)


def bytewax(stage: Stage, counted: Recount) -> Run:
    """Takes all facts; done when it says so. Its changelog is a database on this machine."""
    kpis = "bench-bytewax-kpis"
    stage.make([kpis])
    line = [str(python(stage)), str(HERE / "bytewax_flow.py"), stage.kafka, stage.source, kpis]
    with program("bytewax", line, os.environ, FIRST) as running:
        running.wait_until_said(DONE)
        used = running.used()
        kept = sum(file.stat().st_size for file in (running.log.parent / "recovery").iterdir())
    insist_on_kpis(stage, counted, kpis, "bytewax")
    return Run(counted.facts, changelog_bytes=kept, **used)


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
