"""`dialpulse topics`: the broker's topics and the registry."""

import click

from streams import topics
from streams.settings import load_settings


@click.group()
def command() -> None:
    """Make the topics, or compare them with the registry.

    \b
    Example:
      dialpulse topics apply
    """


@command.command("apply")
def apply_command() -> int:
    """Make what is missing, and change settings where that throws nothing away.

    Ends with 1 where a difference is left that only a person can settle.

    \b
    Example:
      DIALPULSE_KAFKA=broker:9092 dialpulse topics apply
    """
    settings = load_settings()
    done = topics.apply(settings)
    for line in done or ["nothing to do: all topics are as the registry says, or not for this command to change"]:
        click.echo(line)
    return _report(topics.check(settings))


@command.command("check")
def check_command() -> int:
    """Compare the topics with the registry, changing nothing; ends with 1 on any difference.

    \b
    Example:
      dialpulse topics check
    """
    differences = topics.check(load_settings())
    if not differences:
        click.echo("all topics are as the registry says")
    return _report(differences)


def _report(differences: list[topics.Difference]) -> int:
    for difference in differences:
        click.echo(f"{difference} ({difference.remedy})")
    return 1 if differences else 0
