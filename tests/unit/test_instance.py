"""A worker's name in its group belongs to one live process of the machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.settings import Settings, load_settings
from streams.worker.instance import take_instance_id

_TAKING = """
import sys, time
from streams.settings import load_settings
from streams.worker.instance import take_instance_id
name, lock = take_instance_id(load_settings(instance_id=sys.argv[1] or None))
print(name, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Locks of this test alone."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("DIALPULSE_")]:
        monkeypatch.delenv(name)


@contextmanager
def _taker(name: str = "") -> Iterator[tuple[subprocess.Popen, str]]:
    """Another process that takes a name and keeps it; with the name it got."""
    line = [sys.executable, "-c", _TAKING, name]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def _settings(**given: object) -> Settings:
    return load_settings(**given)


def test_a_name_that_is_in_use_is_refused_with_its_process() -> None:
    """Two members of one name would throw each other out for ever: the second is told whom to end."""
    with _taker("desk-3") as (first, name):
        assert name == "desk-3"
        with pytest.raises(UserError) as refused:
            take_instance_id(_settings(instance_id="desk-3"))
        assert f"DIALPULSE_INSTANCE_ID=desk-3 is in use by process {first.pid} " in str(refused.value)


def test_a_name_is_free_again_once_its_process_is_dead() -> None:
    """However that ended: the lock is the kernel's."""
    with _taker("desk-3") as (first, _):
        first.kill()
        first.wait(10)
        name, lock = take_instance_id(_settings(instance_id="desk-3"))
        assert (name, lock.holder()) == ("desk-3", os.getpid())
        lock.drop()


def test_default_names_take_the_first_free_slot() -> None:
    """Host name and number; a slot that its process left is taken again before a higher one."""
    with _taker() as (one, first), _taker() as (_, second):
        host = first.removesuffix("-1")
        assert (first, second) == (f"{host}-1", f"{host}-2")
        third, third_lock = take_instance_id(_settings())
        assert third == f"{host}-3"
        one.kill()
        one.wait(10)
        again, again_lock = take_instance_id(_settings())
        assert again == f"{host}-1"
        for lock in (third_lock, again_lock):
            lock.drop()


def test_names_are_taken_per_cluster_and_group() -> None:
    """The same name in another system on the same machine is another member."""
    locks = [
        take_instance_id(_settings(instance_id="desk-3", **other))[1]
        for other in ({}, {"prefix": "second."}, {"kafka": "127.0.0.1:19092"}, {"kafka": "a:9092,b:9092"})
    ]
    assert len({lock.path for lock in locks}) == 4
    for lock in locks:
        lock.drop()


def test_a_default_name_is_one_that_kafka_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters, digits, dots, underscores and dashes, not too long, whatever the machine is called."""
    monkeypatch.setattr("socket.gethostname", lambda: "büro 3/" + "x" * 200)
    name, lock = take_instance_id(_settings())
    assert name == ("b-ro-3-" + "x" * 73) + "-1"
    lock.drop()
