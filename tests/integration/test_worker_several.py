"""`dialpulse worker --workers N`: the cores of one machine by one command."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from streams import topics
from streams.ports import any_free
from streams.settings import Settings
from tests.integration.pipeline_rig import ago, call, reconciled, send, wait_for
from tests.workers import environment

WITHIN_S = 90.0


@contextmanager
def _two(settings: Settings, folder: Path, first: int) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """The command with two workers from this port on, and its log."""
    topics.apply(settings)
    log = folder / "workers.log"
    line = [sys.executable, "-m", "streams.commands", "worker", "--workers", "2"]
    own = {"DIALPULSE_WORKER_HTTP": f"127.0.0.1:{first}", "DIALPULSE_INSTANCE_ID": f"{settings.prefix}crew"}
    with log.open("wb") as to:
        process = subprocess.Popen(line, env=environment(settings) | own, stdout=to, stderr=to)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


def _share(port: int) -> int:
    """How many partitions the worker at this port serves, by its own word; 0 while it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return int(answer.read().decode().split()[1])
    except (urllib.error.URLError, OSError, ValueError):
        return 0


@pytest.mark.timeout(300)
def test_two_workers_of_one_command_share_the_load_and_one_crash_is_one_restart(
    settings: Settings, tmp_path: Path
) -> None:
    """Half the partitions each, at two ports; kill -9 of one leaves the other; SIGTERM stops both with 0."""
    first = any_free("127.0.0.1")
    with _two(settings, tmp_path, first) as (process, log):

        def both() -> bool:
            assert process.poll() is None, log.read_text()
            return _share(first) == _share(first + 1) == settings.partitions // 2

        wait_for(both, WITHIN_S, log.read_text)
        before = {child.pid for child in psutil.Process(process.pid).children()}
        assert len(before) == 2
        send(settings, [call(f"c{number}", ago(60), operator_id=f"o{number % 40}") for number in range(400)])
        killed = max(before)
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: killed not in {child.pid for child in psutil.Process(process.pid).children()}, WITHIN_S)
        wait_for(both, WITHIN_S, log.read_text)
        after = {child.pid for child in psutil.Process(process.pid).children()}
        assert len(after) == 2 and before & after == before - {killed}
        assert reconciled(settings).total("accepted") == 400
        process.terminate()
        assert process.wait(60) == 0
        said = log.read_text()
    assert "worker 1 INFO" in said and "worker 2 INFO" in said
    assert said.count("was ended by signal 9; starting it again") == 1
    assert not any(psutil.pid_exists(pid) for pid in before | after)


def test_a_port_of_the_range_that_is_taken_ends_them_all(settings: Settings, tmp_path: Path) -> None:
    """A port that was set is meant: exit 2, and one line that names it."""
    first = any_free("127.0.0.1")
    with socket.create_server(("127.0.0.1", first + 1)), _two(settings, tmp_path, first) as (process, log):
        assert process.wait(WITHIN_S) == 2
        assert f"port {first + 1}, 1 above DIALPULSE_WORKER_HTTP=127.0.0.1:{first}, cannot be had" in log.read_text()
