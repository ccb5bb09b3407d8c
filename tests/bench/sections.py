"""The measurements by name: each runs on a stage and gives its section of the page, as often as it grows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench import contenders, growth, latency, picture, recovery, report, speed, table
from tests.bench.filling import fill
from tests.bench.measured import Contender
from tests.bench.recount import recount
from tests.bench.stage import Stage
from tests.bench.workload import Floor

PICTURE = "![Facts per CPU-second as bars](images/benchmarks.svg)"
SMALLER = 200_000
"""Facts of the measurements that compare many floors."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    floor: Floor
    only: list[Contender]
    rounds: int

    @property
    def is_whole(self) -> bool:
        """Every contender takes part."""
        return len(self.only) == len(contenders.ALL)


def speed_section(stage: Stage, order: Order) -> Iterator[str]:
    """Facts per CPU-second of every contender."""
    fill(stage, order.floor)
    rows: list[table.Row] = []
    for runs in speed.race(stage, order.floor, order.only, order.rounds):
        rows = table.rows(order.only, runs)
        yield _speed(rows, max(map(len, runs.values())), order)
    print(table.plain(rows))


def _speed(rows: list[table.Row], rounds: int, order: Order) -> str:
    if order.is_whole:
        title = f"Facts per CPU-second, {order.floor.facts:,} facts"
        report.PICTURE.write_text(picture.bars(rows, title, "Dialpulse"))
    written = report.markdown(table.HEAD, [table.cells(row) for row in rows])
    told = "One round" if rounds == 1 else f"Medians of {rounds} rounds"
    return f"{PICTURE}\n\n{written}\n\n{told}. {report.versions()}"


def latency_section(stage: Stage, order: Order) -> Iterator[str]:
    """Milliseconds to the KPI topic and to Redis."""
    head = ["facts a second", "KPI topic p50", "p99", "Redis p50", "p99", "facts timed"]
    lines = []
    for rate in latency.RATES:
        topic, redis = latency.measure(stage, rate)
        delays = [f"{watch.percentile(share) * 1000:,.0f} ms" for watch in (topic, redis) for share in (0.5, 0.99)]
        lines.append([f"{rate:,}", *delays, f"{len(topic.delays):,}"])
        stage.say(", ".join(f"{name} {cell}" for name, cell in zip(head, lines[-1], strict=True)))
        yield report.markdown(head, lines)


def recovery_section(stage: Stage, order: Order) -> Iterator[str]:
    """Seconds after kill -9, and memory per live fact."""
    fill(stage, order.floor)
    head = ["system", "live facts", "kill -9 to ready", "to caught up", "growth of RSS per live fact"]
    counted = recount(stage)
    done = [recovery.recover_ours(stage, counted)]
    done += [recovery.recover_streams(stage, form, counted.calls) for form in ("expert", "idiomatic")]
    lines = [
        [
            one.title,
            f"{one.live_facts:,}",
            "" if one.ready_s is None else f"{one.ready_s:.1f} s",
            f"{one.caught_up_s:.1f} s",
            f"{one.bytes_per_fact:,.0f} bytes",
        ]
        for one in done
    ]
    for line in lines:
        stage.say(", ".join(filter(None, line)))
    yield report.markdown(head, lines)


def workers_section(stage: Stage, order: Order) -> Iterator[str]:
    """One worker against two."""
    fill(stage, order.floor)
    counted = recount(stage)
    done = [growth.share(stage, counted, workers) for workers in (1, 2)]
    head = ["workers", "k facts/s, start included", "of one", "CPU-s"]
    lines = [
        [
            str(one.workers),
            f"{counted.facts / one.wall_s / 1000:.1f}",
            f"{done[0].wall_s / one.wall_s:.2f}",
            f"{one.cpu_s:.1f}",
        ]
        for one in done
    ]
    for line in lines:
        stage.say(", ".join(line))
    yield report.markdown(head, lines)


def growth_section(stage: Stage, order: Order) -> Iterator[str]:
    """Other floors, with fewer facts each."""
    head = ["operators", "hours", "pages", "facts per page", "k facts per CPU-s", "ratio to the reference", "peak MiB"]
    lines = []
    for one in growth.grow(stage, Floor(min(SMALLER, order.floor.facts))):
        lines.append(
            [
                f"{one.floor.operators:,}",
                str(one.floor.hours),
                f"{one.pages:,}",
                f"{one.run.facts / one.pages:,.1f}",
                f"{one.run.rate / 1000:,.1f}",
                f"{one.ratio:.3f}",
                f"{one.run.peak_mib:,.0f}",
            ]
        )
        stage.say(", ".join(f"{name} {cell}" for name, cell in zip(head, lines[-1], strict=True)))
        yield report.markdown(head, lines)


ALL: dict[str, Callable[[Stage, Order], Iterator[str]]] = {
    "speed": speed_section,
    "recovery": recovery_section,
    "workers": workers_section,
    "latency": latency_section,
    "growth": growth_section,
}
"""In the order in which they run: those that empty the topic of calls come last."""
