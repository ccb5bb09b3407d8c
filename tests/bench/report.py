"""Writes what was measured into docs/benchmarks.md, section by section, with when, on what and by which command."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from streams.errors import UserError
from streams.local import jars, programs
from tests.bench.peers.kafka_streams import SOURCES
from tests.bench.peers.python_peers import REQUIREMENTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "benchmarks.svg"


def write(section: str, text: str, command: str) -> None:
    """Puts a section's measurements in place of its earlier ones."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    page = PAGE.read_text()
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise UserError(f"{PAGE} has no place for {section}: it needs the lines {begin} and {end}", exit_code=1)
    PAGE.write_text(f"{before}{begin}\n{text.strip()}\n\n{_where(command)}\n{end}{after}")


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *lines])


def _where(command: str) -> str:
    day = datetime.now(UTC).date().isoformat()
    load = os.getloadavg()[1]
    return (
        f"Measured {day} by `{command}`: {os.cpu_count()} cores ({platform.machine()}), {_memory_gib():.0f} GiB, "
        f"CPython {platform.python_version()}; the machine's load (5 minutes) was {load:.1f}, so "
        f"{'others used it too' if load > (os.cpu_count() or 1) * 1.5 else 'it was this alone'}."
    )


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def versions() -> str:
    """The versions of all that ran."""
    java = programs.java_version(programs.find_java())
    kafka = {jar.artifact: jar.version for jar in jars.locked_jars()}["kafka_2.13"]
    streams = {jar.artifact: jar.version for jar in jars.locked_jars(SOURCES / "jgo.lock.toml")}["kafka-streams"]
    locked = dict(line.split(" ")[0].split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line)
    named = [f"{name} {version(name)}" for name in ("confluent-kafka", "msgspec", "faust-streaming", "aiokafka")]
    peers = [f"{name} {locked[name]}" for name in ("quixstreams", "bytewax", "confluent-kafka")]
    return (
        f"Kafka {kafka}, Kafka Streams {streams} on Java {java}; {', '.join(named)}; the peers in Python: "
        f"{', '.join(peers)}."
    )
