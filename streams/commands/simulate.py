"""`dialpulse simulate`: produces live, made-up facts."""

import click

from streams.feeding import stop_on_signals


@click.command()
@click.option("--operators", type=click.IntRange(1, 20_000), default=40, show_default=True, help="How many work there.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Facts a second from now on, on average: the operators work so much faster; default: as people do.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed and start give the same facts.")
@click.option(
    "--for",
    "for_seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="End after so many seconds, the past hours included; default: on Ctrl-C.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=1.0,
    show_default=True,
    help="How many times as fast the floor's clock runs, from the past up to the present (see below).",
)
@click.option(
    "--duplicates", type=click.FloatRange(0, 0.5), default=0.02, show_default=True, help="Share of facts said twice."
)
def command(
    operators: int, rate: float | None, seed: int, for_seconds: float | None, speed: float, duplicates: float
) -> None:
    """Produces live, made-up facts of a floor that works whatever the clock says.

    Its shift began three hours ago; those hours are produced first. From then on every fact is produced when it
    happens. With --speed X the floor's clock starts further back and runs X times as fast, until it has caught up
    with the real one at the end of --for (at most after ten minutes); no fact is ever from the future.

    \b
    Examples:
      dialpulse simulate
      dialpulse simulate --operators 200 --rate 200 --for 120
    """
    from streams.settings import load_settings
    from streams.simulator.simulation import Simulation

    simulation = Simulation(operators, rate, seed, for_seconds, speed, duplicates)
    settings = load_settings()
    with stop_on_signals() as stop:
        fed = simulation.run(settings, stop, lambda line: click.echo(line, err=True))
    for line in fed.lines():
        click.echo(line)
