"""Kafka Streams: its jars by a lock, its program compiled here, so that a machine without a JDK serves."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import UserError
from streams.local import jars, programs
from tests.bench.measured import Run
from tests.bench.peers.results import insist_on_kpis, prepared
from tests.bench.programs import Program, program
from tests.bench.recount import Recount
from tests.bench.stage import Stage

SOURCES = Path(__file__).with_name("java")
RUNNING = "RUNNING"
HEAP = "-Xmx4g"


class KafkaStreams:
    """One of its two forms, `idiomatic` or `expert`."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.group = f"bench-kafka-streams-{form}"
        self.kpis = f"{self.group}-kpis"
        self.changelog = f"{self.group}-pages-changelog"

    def prepare(self, stage: Stage) -> None:
        """Topics made anew; its changelog as it would make it itself, but for many small files."""
        prepared(stage, self.group, self.kpis)
        stage.make([self.changelog], **{"cleanup.policy": "compact"})

    @contextmanager
    def started(self, stage: Stage, state: str = "state") -> Iterator[Program]:
        """The program, once it is running; its folder for state is in its own unless another is given."""
        class_path = compiled(stage)
        words = [self.form, stage.kafka, stage.source, self.kpis, self.group, state]
        line = [
            str(programs.find_java()),
            "-Xms512m",
            HEAP,
            "-XX:+UseSerialGC",
            "-cp",
            class_path,
            "bench.Main",
            *words,
        ]
        with program(self.group.removeprefix("bench-"), line, os.environ, RUNNING) as running:
            yield running

    def run(self, stage: Stage, counted: Recount) -> Run:
        """Takes all facts."""
        self.prepare(stage)
        with self.started(stage) as running:
            running.wait_until_committed(stage, self.group, counted.facts)
            used = running.used()
        insist_on_kpis(stage, counted, self.kpis, self.group)
        return Run(counted.facts, changelog_bytes=stage.bytes_of(self.changelog), **used)


def compiled(stage: Stage) -> str:
    """The class path: its jars and the program's classes, which are compiled once a stage."""
    found = jars.class_path(stage.say, SOURCES / "jgo.lock.toml")
    classes = Path(stage.stack.folder) / "classes"
    path = ":".join(map(str, [classes, *found]))
    if not classes.exists():
        compiler = next(jar for jar in found if jar.name.startswith("ecj-"))
        sources = [str(source) for source in sorted(SOURCES.glob("*.java"))]
        line = [str(programs.find_java()), "-jar", str(compiler), "-17", "-nowarn", "-cp", path, "-d", str(classes)]
        done = subprocess.run([*line, *sources], capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"the peer's program did not compile: {done.stderr[-1000:]}", exit_code=1)
    return path
