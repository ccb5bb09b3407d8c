"""`dialpulse reconcile`: recounts from the topics and compares every number."""

import click


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
def command(as_json: bool, timeout: float) -> int:
    """Recounts every page from the fact topics and compares all that was published: KPI topics, Redis, rejections.

    It waits until the worker has taken what the topics hold now. What changes meanwhile is recounted up to a later
    end. Exit code 1 on any difference.

    \b
    Examples:
      dialpulse reconcile
      dialpulse reconcile --json | jq .differences
    """
    from streams.recount.reconcile import reconcile
    from streams.settings import load_settings

    report = reconcile(load_settings(), tell=lambda line: click.echo(line, err=True), patience_s=timeout)
    if as_json:
        click.echo(report.json())
    else:
        for line in report.lines():
            click.echo(line)
    return 0 if report.agrees else 1
