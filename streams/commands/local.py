"""`dialpulse local`: Kafka and Redis, until Ctrl-C."""

import contextlib
import signal
import threading
from pathlib import Path

import click

from streams.local import LocalStack, default_folder


@click.command()
@click.option("--fresh", is_flag=True, help="Empty both first.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where their data is kept (default: in the user's state folder).",
)
def command(fresh: bool, folder: Path | None) -> None:
    """Only the local Kafka and Redis, until Ctrl-C.

    Prints what to export for the other commands, and both process ids. One that dies is started again on its data.

    \b
    Example:
      dialpulse local --fresh
    """
    # SIGINT too: a shell starts its background jobs with Ctrl-C ignored, and `kill -INT` should end those as well.
    for how in (signal.SIGINT, signal.SIGTERM):
        signal.signal(how, signal.default_int_handler)
    with LocalStack(folder or default_folder(), fresh=fresh, progress=lambda line: click.echo(line, err=True)) as stack:
        click.echo(f"DIALPULSE_KAFKA={stack.kafka}")
        click.echo(f"DIALPULSE_REDIS_URL={stack.redis_url}")
        # Four are plenty for one machine, and what the demo and the tests use.
        click.echo("DIALPULSE_PARTITIONS=4")
        click.echo(f"Kafka is process {stack.kafka_pid}, Redis is process {stack.redis_pid}; Ctrl-C ends both")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
        click.echo("ending Kafka and Redis", err=True)
