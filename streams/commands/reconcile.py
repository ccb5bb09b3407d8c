"""`dialpulse reconcile`: recounts from the topics and compares every number."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from streams.recount.report import Report
    from streams.settings import Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON object.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when the worker has taken nothing for so long.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Do it again and again, and serve what was found as metrics, until told to stop.",
)
@click.option(
    "--http",
    default="127.0.0.1:9465",
    show_default=True,
    metavar="HOST:PORT",
    help="With --every: where to serve them.",
)
def command(as_json: bool, timeout: float, every: float | None, http: str) -> int:
    """Recounts every page from the fact topics and compares all that was published: KPI topics, Redis, rejections.

    It waits until the worker has taken what the topics hold now. What changes meanwhile is recounted up to a later
    end. Exit code 1 on any difference.

    \b
    Examples:
      dialpulse reconcile
      dialpulse reconcile --json | jq .differences
      dialpulse reconcile --every 1800
    """
    from streams.recount.reconcile import reconcile
    from streams.settings import load_settings

    settings = load_settings()
    if every is not None:
        return _serve(settings, timeout, every, http)
    report = reconcile(settings, tell=lambda line: click.echo(line, err=True), patience_s=timeout)
    if as_json:
        click.echo(report.json())
    else:
        for line in report.lines():
            click.echo(line)
    return 0 if report.agrees else 1


def _serve(settings: "Settings", timeout: float, every: float, http: str) -> int:
    from streams.errors import UserError
    from streams.ports import listening
    from streams.recount.reconcile import reconcile
    from streams.recount.service import serve
    from streams.setting_values import host_and_port

    def recount() -> "Report":
        return reconcile(settings, patience_s=timeout)

    try:
        sock = listening(*host_and_port(http))
    except ValueError:
        raise UserError(f"--http {http} is not an address: it takes host:port, such as 127.0.0.1:9465") from None
    except OSError as error:
        raise UserError(f"--http {http} cannot be had ({error.strerror or error}): name a free port") from None
    click.echo(f"recounting every {every:g} s, metrics at http://{http}/metrics", err=True)
    serve(recount, every, sock, tell=lambda line: click.echo(line, err=True))
    return 0
