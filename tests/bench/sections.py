"""The measurements by name: each runs on a stage and gives its section of the page, as often as it grows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench import contenders, growth, latency, picture, recovery, report, several, speed, table
from tests.bench.filling import fill
from tests.bench.measured import Contender
from tests.bench.peers.kafka_streams import KafkaStreams
from tests.bench.peers.python_peers import Bytewax, Quix
from tests.bench.recount import recount
from tests.bench.stage import Stage
from tests.bench.workload import Floor

PICTURE = "![Facts per CPU-second as bars](images/benchmarks.svg)"
DELAYS = ("KPI topic p50", "p99", "Redis p50", "p99")
READY, CAUGHT_UP, MEMORY = "kill -9 to ready", "to caught up", "memory per live fact"
SMALLER = 200_000
"""Facts of the measurements that compare many floors."""


@dataclass(frozen=True)
class Order:
    """What was asked for on the command line."""

    floor: Floor
    only: list[Contender]
    rounds: int
    may_write: bool = True

    @property
    def is_whole(self) -> bool:
        """Every contender takes part."""
        return len(self.only) == len(contenders.ALL)

    @property
    def is_written(self) -> bool:
        """What is measured goes into the page: a part of the contenders would make half a table."""
        return self.is_whole and self.may_write


def speed_section(stage: Stage, order: Order) -> Iterator[str]:
    """Facts per CPU-second of every contender."""
    fill(stage, order.floor)
    rows: list[table.Row] = []
    for runs in speed.race(stage, order.floor, order.only, order.rounds):
        rows = table.rows(order.only, runs)
        yield _speed(rows, max(map(len, runs.values())), order)
    print(table.plain(rows))


def _speed(rows: list[table.Row], rounds: int, order: Order) -> str:
    if order.is_written:
        title = f"Facts per CPU-second, {order.floor.facts:,} facts"
        report.PICTURE.write_text(picture.bars(rows, title, "Dialpulse"))
    written = report.markdown(table.HEAD, [table.cells(row) for row in rows])
    told = "One round" if rounds == 1 else f"Medians of {rounds} rounds"
    return f"{PICTURE}\n\n{written}\n\n{told}. {report.versions()}"


def latency_section(stage: Stage, order: Order) -> Iterator[str]:
    """Milliseconds to the KPI topic and to Redis."""
    head = ["facts a second", *DELAYS, "facts timed"]
    lines = []
    stage.say("not counted, so that the broker's Java has compiled itself:")
    latency.measure(stage, latency.RATES[1], latency.WARM_UP_SECONDS)
    for rate in latency.RATES:
        topic, redis = latency.measure(stage, rate)
        lines.append([f"{rate:,}", *_delays(topic, redis), f"{len(topic.delays):,}"])
        stage.say(_told(head, lines[-1]))
        yield report.markdown(head, lines)


def recovery_section(stage: Stage, order: Order) -> Iterator[str]:
    """Seconds after kill -9, and memory per live fact."""
    fill(stage, order.floor)
    head = ["system", "live facts", READY, "CPU-s until then", CAUGHT_UP, MEMORY]
    lines = []
    for one in _recoveries(stage):
        lines.append(
            [
                one.title,
                f"{one.live_facts:,}",
                _seconds(one.ready_s),
                "" if one.ready_cpu_s is None else f"{one.ready_cpu_s:.1f}",
                _seconds(one.caught_up_s),
                _bytes(one.bytes_per_fact),
            ]
        )
        stage.say(_told(head, lines[-1]))
        if one.waited_s is not None:
            stage.say(f"until it was ready it waited {one.waited_s:.1f} s for a processor that others had")
        yield report.markdown(head, lines)


def _recoveries(stage: Stage) -> Iterator[recovery.Recovered]:
    yield recovery.recover_ours(stage, recount(stage))
    for peer, title in (
        (KafkaStreams("expert"), "Kafka Streams, expert"),
        (KafkaStreams("idiomatic"), "Kafka Streams, idiomatic"),
        (Bytewax(), "Bytewax"),
        (Quix(), "Quix Streams"),
    ):
        yield recovery.recover(stage, peer, title)


def workers_section(stage: Stage, order: Order) -> Iterator[str]:
    """One worker against two."""
    fill(stage, order.floor)
    counted = recount(stage)
    head = ["workers", "k facts/s", "of one", "k facts per CPU-s", "CPU-s of Kafka and Redis", "waited for a core"]
    lines: list[list[str]] = []
    rates: list[float] = []
    for workers in (1, 2):
        one = several.share(stage, counted, workers)
        rates.append(one.rate)
        lines.append(
            [
                str(one.workers),
                f"{one.rate / 1000:.1f}",
                f"{one.rate / rates[0]:.2f}",
                f"{one.facts / one.cpu_s / 1000:.1f}",
                f"{one.others_cpu_s:.1f}",
                f"{one.waited:.0%}",
            ]
        )
        stage.say(_told(head, lines[-1]))
        yield report.markdown(head, lines)


def hand_over_section(stage: Stage, order: Order) -> Iterator[str]:
    """Seconds after SIGTERM of one worker among several."""
    head = ["workers before", "SIGTERM to all published by others", "process gone", "others waited for a core"]
    lines = []
    for place, one in enumerate(several.hand_over(stage)):
        workers = several.STOPS + 1 - place
        lines.append([str(workers), f"{one.published_s:.2f} s", f"{one.gone_s:.2f} s", f"{one.waited:.0%}"])
        stage.say(_told(head, lines[-1]))
    yield report.markdown(head, lines)


def _told(head: Sequence[str], line: Sequence[str]) -> str:
    return ", ".join(f"{name} {cell}" for name, cell in zip(head, line, strict=True) if cell)


def growth_section(stage: Stage, order: Order) -> Iterator[str]:
    """Other floors, with fewer facts each, and delays at the middle rate by numbers of operators."""
    head = ["operators", "hours", "pages", "facts per page", "k facts per CPU-s", "ratio to the reference", "peak MiB"]
    head += [READY, CAUGHT_UP, MEMORY]
    lines = []
    for one in growth.grow(stage, Floor(min(SMALLER, order.floor.facts))):
        back = one.recovered
        lines.append(
            [
                f"{one.floor.operators:,}",
                str(one.floor.hours),
                f"{one.pages:,}",
                f"{one.run.facts / one.pages:,.1f}",
                f"{one.run.rate / 1000:,.1f}",
                f"{one.ratio:.3f}",
                f"{one.run.peak_mib:,.0f}",
                _seconds(back.ready_s),
                _seconds(back.caught_up_s),
                _bytes(back.bytes_per_fact),
            ]
        )
        stage.say(_told(head, lines[-1]))
        yield report.markdown(head, lines)
    floors = report.markdown(head, lines)
    head = ["operators", *DELAYS]
    lines = []
    for operators, topic, redis in growth.delays(stage):
        lines.append([f"{operators:,}", *_delays(topic, redis)])
        stage.say(_told(head, lines[-1]))
        yield f"{floors}\n\n{growth.RATE:,} facts a second:\n\n{report.markdown(head, lines)}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _bytes(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} bytes"


def _delays(topic: latency.Watch, redis: latency.Watch) -> list[str]:
    return [f"{watch.percentile(share) * 1000:,.0f} ms" for watch in (topic, redis) for share in (0.5, 0.99)]


ALL: dict[str, Callable[[Stage, Order], Iterator[str]]] = {
    "speed": speed_section,
    "recovery": recovery_section,
    "workers": workers_section,
    "hand-over": hand_over_section,
    "latency": latency_section,
    "growth": growth_section,
}
"""In the order in which they run: those that empty the topic of calls come last."""
