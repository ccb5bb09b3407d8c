"""`dialpulse board` and `dialpulse top` as a user runs them."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

from redis import Redis

from processors.times import MINUTE_US
from streams.board.server import clock_us
from streams.settings import Settings
from tests.board_floor import Floor, Made

RUN = (sys.executable, "-c", "from streams.commands import main; main()")


def environment(settings: Settings) -> dict[str, str]:
    """The environment that makes a command use the test's Redis and prefix, on a wide terminal."""
    mine = {"DIALPULSE_REDIS_URL": settings.redis_url, "DIALPULSE_PREFIX": settings.prefix, "COLUMNS": "140"}
    return {**os.environ, **mine}


def dialpulse(settings: Settings, words: Sequence[str], **more: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command to its end."""
    env = {**environment(settings), **more}
    return subprocess.run([*RUN, *words], env=env, capture_output=True, text=True, timeout=60, check=False)


def written(settings: Settings) -> None:
    """Three operators: one with enough calls for a rate, one with too few, one of another site."""
    now = clock_us()
    floor = Floor({})
    floor.made = [Made("o[red]1", now - MINUTE_US, "refused" if n % 2 else None) for n in range(12)]
    floor.made += [Made("o2", now - MINUTE_US, "concluded_appointments"), Made("o3", now - MINUTE_US, site="lille")]
    with Redis.from_url(settings.redis_url) as redis:
        floor.write(redis, settings.prefix)
        floor.beat(redis, settings.prefix, now)


def test_top_once_prints_a_row_per_operator_and_exits(settings: Settings) -> None:
    """Counts, a rate where there is enough for one, counts where there is not, and ids as they are."""
    written(settings)
    done = dialpulse(settings, ["top", "--once", "--sort", "rolling"])
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith(" o") and "operator" not in line]
    assert [row.split()[0] for row in rows] == ["o[red]1", "o2", "o3"]
    assert all(re.search(r"\d\d:\d\d:\d\d\s*$", row) for row in rows)
    assert "…" not in done.stdout  # a terminal's 80 columns hold it
    assert "50.0%" in rows[0]
    assert "1/1" in rows[1]
    assert "3 operators" in done.stdout


def test_top_can_be_cut_to_a_site(settings: Settings) -> None:
    """`--site` leaves the others out."""
    written(settings)
    done = dialpulse(settings, ["top", "--once", "--site", "lille"])
    assert "o3" in done.stdout
    assert "o2" not in done.stdout


def test_top_without_redis_is_one_line_and_exit_code_one(settings: Settings) -> None:
    """What is wrong and what to do, no traceback."""
    done = dialpulse(settings, ["top", "--once"], DIALPULSE_REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode == 1
    assert "Redis does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_sort_is_exit_code_two(settings: Settings) -> None:
    """Used wrongly: the accepted values are named."""
    done = dialpulse(settings, ["top", "--sort", "beauty"])
    assert done.returncode == 2
    assert "rolling" in done.stderr


def test_board_prints_its_address_serves_and_ends_on_sigterm(settings: Settings) -> None:
    """The printed address answers; SIGTERM ends it well within seconds, open event streams or not."""
    running = subprocess.Popen([*RUN, "board"], env=environment(settings), stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=10)
        connection.request("GET", "/healthz")
        health = connection.getresponse()
        assert (health.status, health.read()) == (200, b'{"status":"alive"}')
        connection.request("GET", "/api/events")
        assert connection.getresponse().status == 200
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
        assert time.monotonic() - began < 5
    finally:
        running.kill()
        running.wait()


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(settings: Settings) -> None:
    """It is not moved to another port behind the user's back."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dialpulse(settings, ["board", "--port", str(port)])
    assert done.returncode == 2
    assert str(port) in done.stderr


def test_both_have_help_with_an_example(settings: Settings) -> None:
    """A newcomer sees how it is used."""
    for name in ("board", "top"):
        done = dialpulse(settings, [name, "--help"])
        assert done.returncode == 0
        assert f"dialpulse {name}" in done.stdout


def test_a_board_that_strangers_could_reach_does_not_start(settings: Settings) -> None:
    """One line that says what to set, exit code 2, and nothing ever listened."""
    done = dialpulse(settings, ["board", "--host", "0.0.0.0"])  # noqa: S104 - to be refused
    assert done.returncode == 2
    assert "DIALPULSE_BOARD_FLOOR_TOKEN" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
