"""`dialpulse demo`: the whole system on this machine."""

import signal
import threading
import time
from pathlib import Path

import click

from streams.commands.replay import mapping_of
from streams.demo import Feeding, feed, running_demo
from streams.errors import UserError
from streams.feeding import Fed, FeedThread, stop_on_signals
from streams.recount.reconcile import reconcile
from streams.replay.replay import Replay
from streams.settings import Settings
from streams.simulator.simulation import Simulation

SIMULATE = "simulate"


@click.command()
@click.option("--source", default=SIMULATE, show_default=True, help="simulate, or a log FILE as replay takes it.")
@click.option("--operators", type=click.IntRange(1, 20_000), default=60, show_default=True, help="Of the simulation.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Of the simulation: facts a second.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="Times real time; default: 1 for the simulation, as fast as can be for a log.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulation.")
@click.option("--format", "form", type=click.Choice(["facts", "csv"]), help="Of a log: as for replay.")
@click.option("--mapping", help="Of a log: as for replay.")
@click.option("--as-live", is_flag=True, help="Of a log: as for replay.")
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="End after so many seconds of input with a recount; exit 0 only if it agrees. Default: on Ctrl-C.",
)
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Where its data is kept meanwhile.")
def command(
    source: str,
    operators: int,
    rate: float | None,
    speed: float | None,
    seed: int,
    form: str | None,
    mapping: str | None,
    as_live: bool,
    for_seconds: float | None,
    folder: Path | None,
) -> int:
    """The whole system on this machine: Kafka, Redis, topics, a worker, live input and the board.

    Prints where to look; Ctrl-C ends it all, and leaves nothing running. Every start is a fresh one.

    \b
    Examples:
      dialpulse demo
      dialpulse demo --for 60
      dialpulse demo --source calls.tsv.gz --mapping technion
    """
    if source == SIMULATE:
        _insist_on_options_of_a_simulation(speed, form, mapping, as_live)
        feeding = _simulate(Simulation(operators, rate, seed, for_seconds, speed or 1.0))
    else:
        feeding = _replay(Path(source), form, mapping, speed, as_live, for_seconds)
    _stop_like_ctrl_c()
    with running_demo(_tell, folder) as where:
        for line in where.lines():
            click.echo(line)
        click.echo("Ctrl-C ends it all" if for_seconds is None else f"ends by itself after {for_seconds:g} s of input")
        with stop_on_signals() as stop:
            fed = _input(feed(feeding, where.settings), stop, for_seconds)
        for line in fed.lines():
            click.echo(line)
        if for_seconds is None:
            return 0
        if stop.is_set():
            _tell("stopped before the end, so nothing was recounted")
            return 1
        return _recount(where.settings)


def _input(thread: FeedThread, stop: threading.Event, for_seconds: float | None) -> Fed:
    """Lets the input run until its time is over, somebody stops it, or it fails; what came of it."""
    ends = None if for_seconds is None else time.monotonic() + for_seconds
    while not stop.is_set() and thread.error is None and (ends is None or time.monotonic() < ends):
        stop.wait(0.2)
    return thread.finish()


def _recount(settings: Settings) -> int:
    """Counts everything again from the facts; 0 if every number agrees."""
    click.echo("recounting everything from the facts")
    report = reconcile(settings, tell=_tell)
    for line in report.lines():
        click.echo(line)
    click.echo(
        f"in short: {report.total('accepted'):,} facts accepted, {report.total('duplicate'):,} duplicates, "
        f"{report.total('superseded'):,} superseded, {report.total('rejected'):,} rejected; "
        f"{sum(report.compared.values()):,} KPI records; "
        f"{'the recount agrees' if report.agrees else 'THE RECOUNT DIFFERS'}"
    )
    return 0 if report.agrees else 1


def _insist_on_options_of_a_simulation(
    speed: float | None, form: str | None, mapping: str | None, as_live: bool
) -> None:
    """UserError for what only a log can be asked for, before anything is started."""
    if form or mapping or as_live:
        raise UserError("--format, --mapping and --as-live go with a log: name it with --source FILE")
    if speed is not None and speed < 1:
        raise UserError(f"--speed {speed:g} is too slow for the simulation: it takes 1 or more")


def _simulate(simulation: Simulation) -> Feeding:
    return lambda settings, stop: simulation.run(settings, stop, _tell)


def _replay(
    path: Path, form: str | None, mapping: str | None, speed: float | None, as_live: bool, for_seconds: float | None
) -> Feeding:
    replay = Replay(path, mapping_of(form, mapping), speed, as_live)

    def feeding(settings: Settings, stop: threading.Event) -> Fed:
        reading = replay.read(settings)
        for line in reading.lines():
            click.echo(line)
        return replay.send(settings, reading, stop, _tell, for_seconds)

    return feeding


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _stop_like_ctrl_c() -> None:
    """SIGTERM too ends the start in the middle, and what has been started with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
