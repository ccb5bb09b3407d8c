"""The supervisor, on real processes: starts again what ended by design, and nothing outlives it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.worker import supervisor
from streams.worker.supervisor import Start, Supervisor, board_command, program, worker_command


def python(code: str, *words: str) -> list[str]:
    """The command line of a small program."""
    return [sys.executable, "-c", code, *words]


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Running:
    """A supervisor in a thread of its own; ``told`` are the restarts it spoke of."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.told: list[tuple[int, float]] = []
        start = program(command, environment or {})
        self.supervisor = Supervisor([start], lambda _, code, pause: self.told.append((code, pause)))
        self._thread = threading.Thread(target=self.supervisor.run, daemon=True)
        self._thread.start()

    def ended(self) -> int | None:
        """Waits for its end; the exit code."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.supervisor.ended


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of hundredths."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 0.05)


_COUNTING = """
import pathlib, sys
book = pathlib.Path(sys.argv[1])
starts = int(book.read_text()) + 1 if book.exists() else 1
book.write_text(str(starts))
sys.exit(7 if starts < 6 else int(sys.argv[2]))
"""


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("good", [0, 2])
def test_a_crash_is_followed_by_a_start_until_it_ends_for_good(tmp_path: Path, good: int) -> None:
    """Exit 7 five times is started five times, with pauses that grow up to a limit; 0 and a wrong setting end it."""
    running = Running(python(_COUNTING, str(tmp_path / "starts"), str(good)))
    assert running.ended() == good
    assert running.told == [(7, 0.01), (7, 0.02), (7, 0.04), (7, 0.05), (7, 0.05)]
    assert running.supervisor.restarts == 5


@pytest.mark.usefixtures("quick")
def test_a_worker_killed_by_a_signal_is_started_again() -> None:
    """kill -9 from outside is a crash like any other: a new process takes its place."""
    running = Running(python("import time; time.sleep(60)"))
    until(lambda: bool(running.supervisor.pids))
    [first] = running.supervisor.pids
    os.kill(first, signal.SIGKILL)
    until(lambda: running.supervisor.pids not in ([], [first]))
    assert running.told == [(-9, 0.01)]
    running.supervisor.stop()
    assert running.ended() == -15


def test_after_a_sound_run_the_pause_is_short_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A crash after a long run says nothing of the crashes before it."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervisor, "SOUND_AFTER_S", 0.0)
    running = Running(python(_COUNTING, str(tmp_path / "starts"), "0"))
    assert running.ended() == 0
    assert running.told == [(7, 0.01)] * 5


def test_a_stop_between_two_starts_starts_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked while it waits, it returns at once with the last exit code."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 60)
    running = Running(python("raise SystemExit(7)"))
    until(lambda: bool(running.told))
    running.supervisor.stop()
    assert running.ended() == 7
    assert running.supervisor.restarts == 1


def test_a_stop_before_the_first_start_starts_nothing() -> None:
    """Whatever the moment, nothing goes on running."""
    asked = Supervisor([program(python("import time; time.sleep(60)"), {})])
    asked.stop()
    assert asked.run() == 0
    assert asked.pids == []


_POLITE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
time.sleep(60)
"""
_SUPERVISING = """
import sys
from streams.worker.supervisor import Supervisor, program
supervisor = Supervisor([program([sys.executable, "-c", sys.argv[1], str(__import__("os").getpid())], {})])
supervisor.stop_on_signals()
sys.exit(supervisor.run())
"""
_BOUND = """
import os, sys, time
from streams.worker.supervisor import end_with
end_with(int(sys.argv[1]))
print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_supervisor_stops_the_child_gracefully(number: int) -> None:
    """The child hears SIGTERM, ends by itself, and its exit code is the supervisor's."""
    with subprocess.Popen(python(_SUPERVISING, _POLITE), stdout=subprocess.PIPE) as supervising:
        assert supervising.stdout is not None and supervising.stdout.readline() == b"up\n"
        supervising.send_signal(number)
        assert supervising.wait(10) == 0


def test_a_signal_in_the_pause_between_two_starts_ends_the_supervisor() -> None:
    """It is told so at once, not when the pause is over, and gives the last exit code."""
    crashing = python(_SUPERVISING, "print(1, flush=True); raise SystemExit(7)")
    with subprocess.Popen(crashing, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        for _ in range(9):  # the ninth pause is fifteen seconds long
            one.stdout.readline()
        time.sleep(0.3)
        one.terminate()
        assert one.wait(10) == 7


def test_a_child_ends_with_a_supervisor_that_is_killed() -> None:
    """kill -9 gives no chance to say anything: the kernel tells the child."""
    with subprocess.Popen(python(_SUPERVISING, _BOUND), stdout=subprocess.PIPE) as supervising:
        assert supervising.stdout is not None
        child = int(supervising.stdout.readline())
        assert not is_gone(child)
        supervising.kill()
        until(lambda: is_gone(child))


def test_a_child_whose_supervisor_is_gone_already_refuses_to_run() -> None:
    """It may have ended between the start and the child's asking to be told."""
    with subprocess.Popen(python(""), stdin=subprocess.DEVNULL) as gone:
        gone.wait(10)
    answer = subprocess.run(python(_BOUND, str(gone.pid)), capture_output=True, timeout=20, check=False)
    assert answer.returncode == 1 and answer.stdout == b""
    assert b"the process that started this one has ended" in answer.stderr


def test_the_child_has_the_environment_of_its_supervisor_and_what_it_adds() -> None:
    """Settings come by environment: the user's, and those that the demo chose."""
    code = "import os, sys; sys.exit(0 if os.environ['ADDED'] == 'x' and 'PATH' in os.environ else 2)"
    assert Supervisor([program(python(code), {"ADDED": "x"})]).run() == 0


@pytest.mark.parametrize(("line", "name"), [(worker_command, "worker"), (board_command, "board")])
def test_supervised_commands_name_their_supervisor(line: Callable[[int], list[str]], name: str) -> None:
    """Each is this installation's own command."""
    assert line(42) == [sys.executable, "-m", "streams.commands", name, "--supervised-by", "42"]


class Several(Running):
    """As `Running`, with several commands; ``told`` names the numbers of those that were started again."""

    def __init__(self, *commands: list[str]) -> None:
        self.told = []
        starts: list[Start] = [program(command, {}) for command in commands]
        self.supervisor = Supervisor(starts, lambda number, code, _: self.told.append((number, code)))
        self._thread = threading.Thread(target=self.supervisor.run, daemon=True)
        self._thread.start()


_LASTING = "import time; time.sleep(60)"


@pytest.mark.usefixtures("quick")
def test_of_several_only_the_one_that_crashed_is_started_again() -> None:
    """The others go on under their process ids."""
    running = Several(python(_LASTING), python(_LASTING), python(_LASTING))
    until(lambda: len(running.supervisor.pids) == 3)
    first, second, third = running.supervisor.pids
    os.kill(second, signal.SIGKILL)
    until(lambda: len(running.supervisor.pids) == 3 and second not in running.supervisor.pids)
    assert running.told == [(2, -9)]
    assert running.supervisor.pids[0] == first and running.supervisor.pids[2] == third
    running.supervisor.stop()
    assert running.ended() == -15
    assert is_gone(first) and is_gone(third)


def test_a_wrong_setting_of_one_ends_them_all() -> None:
    """It is wrong for all of them, and starting again does not mend it."""
    running = Several(python(_LASTING), python("raise SystemExit(2)"))
    assert running.ended() == 2
    assert running.told == []


def test_several_go_on_while_one_has_ended_as_asked() -> None:
    """Whoever stops one of them gets its work done by the others; with the last one the supervisor ends."""
    running = Several(python("pass"), python(_POLITE))
    until(lambda: len(running.supervisor.pids) == 1)
    assert running.supervisor.ended is None
    running.supervisor.stop()
    assert running.ended() in (0, -15)
    assert running.told == []


_FORKING = """
import os, sys, time
from streams.worker.supervisor import Begun, Supervisor, fork
supervisor = Supervisor([fork, fork])
supervisor.stop_on_signals()
try:
    sys.exit(supervisor.run())
except Begun:
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(60)
"""


def test_forked_children_are_processes_of_their_own_and_end_with_their_supervisor() -> None:
    """A signal stops both; one that is killed is started again; kill -9 of the supervisor leaves none."""
    with subprocess.Popen(python(_FORKING), stdout=subprocess.PIPE) as forking:
        assert forking.stdout is not None
        pids = [int(forking.stdout.readline()) for _ in range(2)]
        assert len({*pids, forking.pid}) == 3
        os.kill(pids[0], signal.SIGKILL)
        again = int(forking.stdout.readline())
        until(lambda: is_gone(pids[0]))
        forking.kill()
        until(lambda: is_gone(pids[1]) and is_gone(again))
    with subprocess.Popen(python(_FORKING), stdout=subprocess.PIPE) as forking:
        assert forking.stdout is not None
        pids = [int(forking.stdout.readline()) for _ in range(2)]
        forking.terminate()
        assert forking.wait(10) == -signal.SIGTERM % 256
        assert all(is_gone(pid) for pid in pids)
