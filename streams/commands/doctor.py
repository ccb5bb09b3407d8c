"""`dialpulse doctor`: what the system stands on, and what to do about it."""

import click

_COLOURS = {"ok": "green", "warn": "yellow", "problem": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per finding.")
def command(as_json: bool) -> int:
    """Checks broker, clock, topics, leases, generation, lag, rejected records, Redis, workers and time zones.

    One line per finding: ok, warn or problem, what it is, and what to do. Exit code 1 where there is a problem.

    \b
    Example:
      dialpulse doctor
    """
    import logging

    import msgspec

    from streams.doctor.examination import examine
    from streams.doctor.findings import Level
    from streams.settings import load_settings

    # The clients' own words about servers that do not answer; the findings say it.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    has_problem = False
    for finding in examine(load_settings()):
        has_problem |= finding.level is Level.PROBLEM
        if as_json:
            click.echo(msgspec.json.encode(finding))
        else:
            level, rest = str(finding)[:8], str(finding)[8:]
            click.echo(click.style(level, fg=_COLOURS[finding.level]) + rest)
    return 1 if has_problem else 0
