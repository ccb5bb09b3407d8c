"""How speed, recovery, memory and delays grow with operators, with hours kept and with facts per page."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.bench import latency, ours, reference
from tests.bench.measured import Run
from tests.bench.recount import recount
from tests.bench.recovery import Recovered, recover_ours
from tests.bench.stage import Stage
from tests.bench.workload import Floor, last_full_hour

OPERATORS = (200, 2_000, 20_000)
HOURS = (1, 8, 24)
RATE, SECONDS = 2_000, 20
"""Facts a second at which delays are compared, and for how long."""


@dataclass(frozen=True)
class Grown:
    """One floor, and what it took."""

    floor: Floor
    pages: int
    run: Run
    ratio: float
    recovered: Recovered


def floors(base: Floor) -> Iterator[Floor]:
    """The base floor with other numbers of operators, then of hours; facts per page follow from both."""
    for operators in OPERATORS:
        yield replace(base, operators=operators)
    for hours in HOURS:
        if hours != base.hours:
            yield replace(base, hours=hours)


def grow(stage: Stage, base: Floor) -> Iterator[Grown]:
    """Each floor filled anew, and taken by the reference and by the main job."""
    for floor in floors(base):
        stage.say(f"{floor.operators:,} operators, {floor.hours} hours")
        stage.fill(replace(floor, end_s=last_full_hour()))
        counted = recount(stage)
        bare, whole = reference.run(stage, counted), ours.run(stage, counted)
        yield Grown(floor, len(counted.pages), whole, whole.rate / bare.rate, recover_ours(stage, counted))


def delays(stage: Stage) -> Iterator[tuple[int, latency.Watch, latency.Watch]]:
    """Numbers of operators, and the delays to the KPI topic and to Redis of the same facts a second by so many."""
    for operators in OPERATORS:
        yield operators, *latency.measure(stage, RATE, SECONDS, operators)
