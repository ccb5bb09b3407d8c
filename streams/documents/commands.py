"""The commands with their help, as the command line itself tells it."""

from collections.abc import Iterator

import click

from streams.commands import COMMANDS, main
from streams.documents.markdown import code, page, table

WIDTH = 100
EXITS = [
    "Exit codes: 0 done, 1 found a problem, 2 used wrongly. An error is one line on standard error that says what is",
    "wrong, where, and what to do; `--debug` anywhere on the line shows the traceback.",
]


class NoExampleError(ValueError):
    """A command's help shows no example."""


def commands_page() -> str:
    """``docs/commands.md``: every command's help text."""
    helps = [[f"## {context.command_path}", "", "```text", *_help(context), "```"] for context in _contexts()]
    return page("Commands", EXITS, *helps)


def commands_table() -> list[str]:
    """Every command in a line, with the first example of its help."""
    rows = ((f"`dialpulse {name}`", what, code(_example(name))) for name, what in COMMANDS.items())
    return table(("command", "does", "example"), rows)


def _contexts() -> Iterator[click.Context]:
    root = click.Context(main, info_name="dialpulse", terminal_width=WIDTH, **main.context_settings)
    for name in COMMANDS:
        command = main.get_command(root, name)
        assert command is not None
        context = _within(root, name, command)
        yield context
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                yield _within(context, below, command.commands[below])


def _within(parent: click.Context, name: str, command: click.Command) -> click.Context:
    return click.Context(command, parent, info_name=name, terminal_width=WIDTH)


def _help(context: click.Context) -> list[str]:
    return [line.rstrip() for line in context.get_help().splitlines()]


def _example(name: str) -> str:
    context = next(context for context in _contexts() if context.info_name == name)
    _, _, shown = context.get_help().partition("Example")
    for line in shown.splitlines():
        before, found, words = line.partition(f"dialpulse {name}")
        if found:
            variables = [word for word in before.split() if "=" in word]
            return " ".join([*variables, f"{found}{words}".strip()])
    raise NoExampleError(f"dialpulse {name} --help shows no example of itself")
