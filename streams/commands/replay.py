"""`dialpulse replay`: produces facts from a log."""

import time
from pathlib import Path

import click

from streams.errors import UserError
from streams.feeding import stop_on_signals


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["facts", "csv"]), help="What FILE holds; csv goes with --mapping.")
@click.option("--mapping", help="A mapping file (its language: docs/replay.md), or a shipped mapping's name: technion.")
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), help="Times real time; default: as fast as can be."
)
@click.option("--as-live", is_flag=True, help="Move whole days so that the last is today; what is later waits.")
@click.option("--dry-run", is_flag=True, help="Read and report only; nothing is produced.")
def command(
    file: Path, form: str | None, mapping: str | None, speed: float | None, as_live: bool, dry_run: bool
) -> None:
    """Produces facts from a log, packed with gzip or plain, in time order.

    FILE holds facts, a JSON object {"topic", "key", "value"} per line, or rows that a mapping makes facts of. Rows
    that cannot be used are reported by reason, never dropped silently, and are no failure: the exit code is 0.

    \b
    Examples:
      dialpulse replay calls.tsv.gz --format csv --mapping technion
      dialpulse replay facts.jsonl --format facts --as-live
    """
    from streams.replay.replay import Replay
    from streams.settings import load_settings

    replay = Replay(file, mapping_of(form, mapping), speed, as_live)
    settings = load_settings()
    began = time.monotonic()
    reading = replay.read(settings)
    seconds = time.monotonic() - began
    for line in reading.lines():
        click.echo(line)
    click.echo(f"read in {seconds:.1f} s ({reading.rows / max(seconds, 1e-9):,.0f} rows a second)")
    if dry_run:
        return
    with stop_on_signals() as stop:
        fed = replay.send(settings, reading, stop, lambda line: click.echo(line, err=True))
    for line in fed.lines():
        click.echo(line)


def mapping_of(form: str | None, mapping: str | None) -> str | None:
    """The mapping to read by, None for a log of facts."""
    if form is None and mapping is None:
        raise UserError("replay needs --format facts, or --mapping for a log of rows: see dialpulse replay --help")
    if form == "csv" and mapping is None:
        raise UserError("--format csv needs --mapping: a mapping file, or technion, which is shipped")
    if form == "facts" and mapping is not None:
        raise UserError("--format facts takes no --mapping: leave one of them out")
    return mapping
