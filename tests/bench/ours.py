"""The main job whole: `dialpulse worker` as users start it, on a real Redis, judged by every record it publishes."""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from processors.times import parse_time
from schemas.kpis import KPI_TYPES
from schemas.redis_keys import snapshot_key
from streams.errors import UserError
from streams.settings import Settings
from tests.bench.measured import Run
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.recount import Pages, Recount, Tally
from tests.bench.stage import CALLS, CONTRIBUTIONS, Reader, Stage, Ticker, wait
from tests.workers import environment

OPERATOR_HOURS, *ROLL_UPS = KPI_TYPES
CHANGELOGS = ("dialpulse.pages-changelog.v1", "dialpulse.rollups-changelog.v1")
ASSIGNED = "partitions of this worker"
LOOKED_EVERY_S = 0.02


class Job:
    """A worker that runs; ``began`` is when its partitions became its own (monotonic), at ``cpu_then`` CPU-seconds."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.log = folder / "worker.log"
        line = [sys.executable, "-m", "streams.commands", "worker", "--unsupervised"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(line, env=environment(settings), stdout=log, stderr=log)
        self.pid = self.process.pid
        wait(lambda: self._has_said(ASSIGNED), "the worker got no partitions", pause_s=0.01)
        self.began, self.cpu_then = time.monotonic(), cpu_seconds(self.pid)

    def _has_said(self, words: str) -> bool:
        self.insist()
        return words in self.log.read_text(errors="replace")

    def insist(self) -> None:
        """UserError with its last words where it has ended."""
        if self.process.poll() is not None:
            said = self.log.read_text(errors="replace")[-1000:]
            raise UserError(f"the worker ended with {self.process.returncode}: {said}", exit_code=1)

    def stop(self) -> None:
        """Ends it as an operator would."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def job(settings: Settings) -> Iterator[Job]:
    """A worker on these settings, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="dialpulse-bench-") as folder:
        running = Job(settings, Path(folder))
        try:
            yield running
        finally:
            running.stop()


def run(stage: Stage, counted: Recount) -> Run:
    """Takes all facts; done once they and the roll-ups' contributions are committed and Redis has every page."""
    stage.empty()
    with job(stage.settings) as running:
        wait_until_done(stage, counted, running, "ours")
        cpu_s = cpu_seconds(running.pid) - running.cpu_then
        wall_s, peak_mib = time.monotonic() - running.began, memory_mib(running.pid)
    insist_on_records(stage, counted)
    changelog = sum(stage.bytes_of(stage.settings.topic(name)) for name in CHANGELOGS)
    return Run(counted.facts, cpu_s, wall_s, peak_mib, changelog)


def wait_until_done(stage: Stage, counted: Recount, running: Job, who: str) -> None:
    """Returns once everything is committed and in Redis; asks Kafka and Redis only, not the worker."""
    settings, ticker = stage.settings, Ticker(stage.say, who, counted.facts)

    def committed(reader: Reader, name: str) -> int:
        return reader.committed(settings.topic(name), settings.partitions)

    with Reader(stage.kafka, settings.group) as reader:
        while (done := committed(reader, CALLS)) < counted.facts:
            running.insist()
            ticker.at(done)
            time.sleep(LOOKED_EVERY_S)
        contributions = settings.topic(CONTRIBUTIONS)
        wait(
            lambda: committed(reader, CONTRIBUTIONS) >= reader.ends(contributions, settings.partitions),
            "the worker did not take its contributions",
            pause_s=LOOKED_EVERY_S,
        )
    keys = {_redis_key(settings, key): tally for key, tally in counted.pages.items()}
    wait(lambda: _redis_has(stage, keys), "Redis does not have every page")


def _redis_key(settings: Settings, key: str) -> str:
    owner, _, hour = key.rpartition("|")
    return snapshot_key(settings.prefix, "operator", owner, parse_time(f"{hour}:00:00Z"))


def _redis_has(stage: Stage, wanted: dict[str, Tally]) -> bool:
    values = stage.redis.mget(list(wanted))
    return all(value and _tally(_decode(value)) == tally for value, tally in zip(values, wanted.values(), strict=True))


class _Counts(msgspec.Struct):
    calls: int
    answered: int
    conversations: int


class _Record(msgspec.Struct):
    counts: _Counts
    talk_seconds: float
    hour_start: str
    revision: str


_decode = msgspec.json.Decoder(_Record).decode


def _tally(record: _Record) -> Tally:
    counts = record.counts
    return counts.calls, counts.answered, counts.conversations, round(record.talk_seconds * 1000)


def insist_on_records(stage: Stage, counted: Recount) -> None:
    """Every operator's hour in Kafka is the recount's, and every roll-up adds up to it, hour by hour."""
    kept = _kept(stage, OPERATOR_HOURS)
    pages: Pages = {key.removesuffix(":00:00Z"): _tally(record) for key, record in kept.items()}
    counted.insist("the worker", pages)
    wanted = Counter[tuple[str, int]]()
    for key, tally in counted.pages.items():
        for place, number in enumerate(tally):
            wanted[key.rpartition("|")[2], place] += number
    for topic in ROLL_UPS:
        found = Counter[tuple[str, int]]()
        for record in _kept(stage, topic).values():
            for place, number in enumerate(_tally(record)):
                found[record.hour_start[:13], place] += number
        if found != wanted:
            raise UserError(f"the worker's {topic} do not add up to the operators' hours", exit_code=1)


def _kept(stage: Stage, topic: str) -> dict[str, _Record]:
    """Of each key the record of the greatest revision."""
    kept: dict[str, _Record] = {}
    name = stage.settings.topic(topic)
    with Reader(stage.kafka, "bench-check") as reader:
        for number in range(stage.settings.partitions):
            for message in reader.partition(name, number):
                key, record = message.key().decode(), _decode(message.value())
                if key not in kept or record.revision >= kept[key].revision:
                    kept[key] = record
    return kept
