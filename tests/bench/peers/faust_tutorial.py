"""Stock Faust as its tutorial has it: a Record, a table of counts, `table[key] += 1`. It counts repeats too.

Run as a program it is the worker itself, given Kafka, the topic, the application's id and the number of partitions.
"""

import functools
import os
import sys

import faust

from tests.bench.measured import Run
from tests.bench.peers.results import last_values
from tests.bench.programs import program
from tests.bench.recount import Recount
from tests.bench.stage import Stage

GROUP = "bench-faust"
CHANGELOG = f"{GROUP}-calls-by-hour-changelog"
ASSIGNED = "assigned"


def run(stage: Stage, counted: Recount) -> Run:
    """Takes all facts; right where every count is that of the records, repeats included, as a tutorial counts."""
    stage.drop_group(GROUP)
    # Made beforehand: its own, made late, would end its first start.
    stage.make([CHANGELOG], **{"cleanup.policy": "compact"})
    words = [stage.kafka, stage.source, GROUP, str(stage.settings.partitions)]
    with program("faust", [sys.executable, __file__, *words], os.environ, ASSIGNED) as running:
        running.wait_until_committed(stage, GROUP, counted.facts)
        used = running.used()
    found = {key.strip('"'): int(value) for key, value in last_values(stage, CHANGELOG).items()}
    counted.insist("faust", found, counted.repeats)
    return Run(counted.facts, changelog_bytes=stage.bytes_of(CHANGELOG), **used)


class Call(faust.Record, serializer="json"):
    """The fields that the counting needs."""

    call_id: str
    operator_id: str
    started_at: str


@functools.cache
def begin() -> None:
    """The measuring begins with the first message."""
    print(ASSIGNED, flush=True)


def work(kafka: str, topic: str, group: str, partitions: int) -> None:
    """A worker, until it is told to end."""
    app = faust.App(
        group,
        broker=f"kafka://{kafka}",
        store="memory://",
        topic_partitions=partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        broker_commit_interval=0.5,
        worker_redirect_stdouts=False,
        web_enabled=False,
        datadir="state",
    )
    calls_by_hour = app.Table("calls-by-hour", default=int, partitions=partitions)

    @app.agent(app.topic(topic, value_type=Call, partitions=partitions))
    async def count(calls: faust.StreamT[Call]) -> None:
        async for call in calls:
            begin()
            calls_by_hour[f"{call.operator_id}|{call.started_at[:13]}"] += 1

    faust.Worker(app, loglevel="WARN").execute_from_commandline()


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
