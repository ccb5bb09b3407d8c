"""The command line as a whole: help, exit codes, one-line errors."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from streams import commands
from streams.errors import UserError


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(commands.main, list(words))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a command in the place of `doctor` that fails in the way its argument says."""

    @click.command()
    @click.argument("how")
    def command(how: str) -> int:
        if how == "user":
            raise UserError("the broker\nis away: start it", exit_code=1)
        if how == "bug":
            raise RuntimeError("what nobody\nthought of")
        return int(how)

    monkeypatch.setattr(commands.LazyGroup, "get_command", lambda *_: command)


def test_every_command_is_listed_without_being_imported() -> None:
    """Help names all commands; no third party's library is loaded for it."""
    code, out, _ = run("--help")
    assert code == 0
    assert all(f"  {name} " in out for name in commands.COMMANDS)
    heavy = "import streams.commands, sys; sys.exit(bool({'faust', 'kafka', 'redis', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", heavy], check=False).returncode == 0


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """One example can be copied."""
    code, out, _ = run(name, "--help")
    assert code == 0
    assert f"dialpulse {name}" in out


@pytest.mark.parametrize("words", [("nothing",), ("--nothing",), ("local", "--nothing")])
def test_wrong_use_is_one_line_and_ends_with_2(words: tuple[str, ...]) -> None:
    """The line says what was not understood and where help is."""
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "nothing" in err
    assert "--help" in err


@pytest.mark.usefixtures("failing")
def test_a_users_error_is_one_line_with_its_exit_code() -> None:
    """No traceback, no second line."""
    assert run("doctor", "user") == (1, "", "dialpulse: the broker is away: start it\n")


@pytest.mark.usefixtures("failing")
def test_an_unforeseen_error_is_one_line_too_and_debug_shows_where() -> None:
    """The traceback is there for whoever asks, wherever on the line the wish stands."""
    code, _, err = run("doctor", "bug")
    assert (code, err.count("\n")) == (1, 1)
    assert "RuntimeError: what nobody thought of" in err
    for words in (["--debug", "doctor", "bug"], ["doctor", "bug", "--debug"]):
        assert isinstance(CliRunner().invoke(commands.main, words).exception, RuntimeError)


@pytest.mark.usefixtures("failing")
def test_what_a_command_returns_is_its_exit_code() -> None:
    """0 done, 1 found a problem."""
    assert [run("doctor", code)[0] for code in ("0", "1")] == [0, 1]


@pytest.mark.parametrize(
    "words",
    [("--speed", "0.5"), ("--mapping", "technion"), ("--format", "csv"), ("--as-live",)],
    ids=lambda one: one[0],
)
def test_a_demo_of_a_simulation_refuses_what_only_a_log_can_do(words: tuple[str, ...]) -> None:
    """Said before anything is started, not passed over."""
    code, out, err = run("demo", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words[0] in err
