"""The main job whole: `dialpulse worker` as users start it, on a real Redis, judged by every record it publishes."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from processors.times import parse_time
from schemas.kpis import KPI_TYPES
from schemas.redis_keys import snapshot_key
from streams.errors import UserError
from streams.settings import Settings
from streams.worker.supervisor import worker_command
from tests.bench.measured import Run
from tests.bench.programs import LOOKED_EVERY_S, SLOW_S, Program, program
from tests.bench.recount import Pages, Recount, Tally
from tests.bench.stage import CONTRIBUTIONS, Reader, Stage, wait
from tests.workers import environment

OPERATOR_HOURS, *ROLL_UPS = KPI_TYPES
CHANGELOGS = ("dialpulse.pages-changelog.v1", "dialpulse.rollups-changelog.v1")
ASSIGNED = "partitions of this worker"


@contextmanager
def job(stage: Stage, **settings: str) -> Iterator[Program]:
    """A worker on the stage, which ends with this process; ``settings`` are more of its variables."""
    with program("ours", worker_command(os.getpid()), environment(stage.settings) | settings, ASSIGNED) as running:
        yield running


def run(stage: Stage, counted: Recount) -> Run:
    """Takes all facts; done once they and the roll-ups' contributions are committed and Redis has every page."""
    stage.empty()
    with job(stage) as running:
        wait_until_done(stage, counted, running)
        used = running.used()
    insist_on_records(stage, counted)
    changelog = sum(stage.bytes_of(stage.settings.topic(name)) for name in CHANGELOGS)
    return Run(counted.facts, changelog_bytes=changelog, **used)


def wait_until_done(stage: Stage, counted: Recount, running: Program) -> None:
    """Returns once everything is committed and in Redis; asks Kafka and Redis only, not the worker."""
    settings, contributions = stage.settings, stage.settings.topic(CONTRIBUTIONS)
    running.wait_until_committed(stage, settings.group, counted.facts)
    with Reader(stage.kafka, settings.group) as reader:
        wait(
            lambda: (
                reader.committed(contributions, settings.partitions) >= reader.ends(contributions, settings.partitions)
            ),
            "the worker did not take its contributions",
            SLOW_S,
            pause_s=LOOKED_EVERY_S,
        )
    keys = {_redis_key(settings, key): tally for key, tally in counted.pages.items()}
    wait(lambda: _redis_has(stage, keys), "Redis does not have every page", SLOW_S)


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
