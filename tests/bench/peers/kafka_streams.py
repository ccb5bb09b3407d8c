"""Kafka Streams: its jars by a lock, its program compiled here, so that a machine without a JDK serves."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import UserError
from streams.local import jars, programs
from tests.bench.peers.peer import Peer
from tests.bench.programs import Program, program
from tests.bench.stage import Stage

SOURCES = Path(__file__).with_name("java")
RUNNING = "RUNNING"
HEAP = "-Xmx4g"


class KafkaStreams(Peer):
    """One of its two forms, `idiomatic` or `expert`."""

    def __init__(self, form: str) -> None:
        super().__init__(f"kafka-streams-{form}")
        self.form = form
        self.changelog = f"{self.group}-pages-changelog"

    def prepare(self, stage: Stage) -> None:
        """Its changelog as it would make it itself, but for many small files."""
        super().prepare(stage)
        stage.make([self.changelog], **{"cleanup.policy": "compact"})

    @contextmanager
    def started(self, stage: Stage, state: str = "state") -> Iterator[Program]:
        """Assigned once it says that it is running: all state is restored by then."""
        memory = ["-Xms512m", HEAP, "-XX:+UseSerialGC"]
        words = [self.form, stage.kafka, stage.source, self.kpis, self.group, state]
        line = [str(programs.find_java()), *memory, "-cp", compiled(stage), "bench.Main", *words]
        with program(self.name, line, os.environ, RUNNING) as running:
            yield running

    def changelog_bytes(self, stage: Stage, running: Program) -> int:
        """The size of its changelog topic."""
        return stage.bytes_of(self.changelog)


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
