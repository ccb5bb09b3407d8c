"""The `dialpulse` command: a group whose members are imported only when they are asked for."""

import gc
import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from streams.compiled import insist_on_fresh
from streams.errors import UserError

# Name and first line of help, in the order a newcomer meets them; listing them here keeps `dialpulse --help` instant.
COMMANDS: dict[str, str] = {
    "demo": "The whole system on this machine, with live input.",
    "local": "Only the local Kafka and Redis, until Ctrl-C.",
    "topics": "Make the topics, or compare them with the registry.",
    "worker": "Pipeline workers; more of them share the load.",
    "board": "The wallboard page and its JSON API.",
    "simulate": "Produce live, made-up facts.",
    "replay": "Produce facts from a log.",
    "top": "The live table of operators in the terminal.",
    "explain": "The facts behind one operator-hour's numbers.",
    "reconcile": "Recount from the topics and compare every number.",
    "doctor": "Check broker, topics, Redis, clock, zone and lag.",
}


class LazyGroup(click.Group):
    """Imports `streams.commands.<name>` on first use and takes its `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        # What is imported stays: looking through it for garbage takes a fifth of the time of a start.
        gc.disable()
        try:
            command: click.Command = importlib.import_module(f"streams.commands.{cmd_name}").command
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Runs the command line and exits: 0 or what the command returns; a user's error is one line on stderr."""
        words = list(sys.argv[1:] if args is None else args)
        # Accepted anywhere on the line: whoever wants a traceback adds it at the end of what just failed.
        debug = "--debug" in words
        words = [word for word in words if word != "--debug"]
        try:
            insist_on_fresh()
            code = super().main(words, *rest, **{"prog_name": "dialpulse", **extra, "standalone_mode": False})
        except click.Abort:
            sys.exit(130)
        except Exception as error:
            if debug:
                raise
            click.echo(f"dialpulse: {_one_line(error)}", err=True)
            sys.exit(getattr(error, "exit_code", 1))
        sys.exit(code if type(code) is int else 0)


def _one_line(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "dialpulse"
        return f"{error.format_message()} (see {path} --help)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    words = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {words} (add --debug to see where)"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dialpulse")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Live, exact KPIs for outbound telephone prospecting.

    \b
    Example:
      dialpulse demo --for 60
    """
