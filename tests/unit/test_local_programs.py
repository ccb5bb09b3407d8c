"""What the local stack needs from the machine, and what it says where that is missing."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.local import jars, programs
from streams.local.folders import HeldFile, cache_folder, is_alive, state_folder


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("said", "version"), [("21.0.2", 21), ("17", 17), ("1.8.0_402", 8), ("25-ea", 25)])
def test_the_version_of_a_java_is_read(tmp_path: Path, said: str, version: int) -> None:
    """Old ones call themselves 1.8."""
    java = script(tmp_path / "java", f"""echo 'openjdk version "{said}" 2026-01-01' >&2""")
    assert programs.java_version(java) == version


@pytest.mark.parametrize(("said", "serves"), [("17.0.1", True), ("11.0.2", False)])
def test_an_installed_java_serves_from_17_on(
    tmp_path: Path, said: str, serves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the wheel is missing, a java on PATH is looked at, and an older one is refused by name."""
    java = script(tmp_path / "java", f"""echo 'openjdk version "{said}"' >&2""")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(programs, "_in_wheel", lambda *_: None)
    if serves:
        assert programs.find_java() == java
    else:
        with pytest.raises(UserError, match=f"{java} is older"):
            programs.find_java()


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_an_installed_redis_serves(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the wheel is missing, either server on PATH is taken; none is one line with the package to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_in_wheel", lambda *_: None)
    with pytest.raises(UserError, match="install one"):
        programs.find_redis()
    server = script(tmp_path / name, "exit 0")
    assert programs.find_redis() == server


def test_every_jar_of_the_lock_has_a_checksum_and_no_host_is_named() -> None:
    """The committed lock is what is run, to the byte, from wherever it is fetched."""
    locked = jars.locked_jars()
    assert {(jar.group, jar.version) for jar in locked if jar.artifact == "kafka_2.13"} == {
        ("org.apache.kafka", "4.3.1")
    }
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in locked)
    assert "://" not in jars.LOCK_FILE.read_text()


def test_a_jar_with_one_other_byte_is_not_sound(tmp_path: Path) -> None:
    """A half-fetched or altered file is found by its checksum."""
    jar = jars.LockedJar("org.example", "thing", "1.0", hashlib.sha256(b"right").hexdigest())
    path = jar.path_in(tmp_path)
    assert path == tmp_path / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    assert not jar.is_sound(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"right")
    assert jar.is_sound(tmp_path)
    path.write_bytes(b"wrong")
    assert not jar.is_sound(tmp_path)


def test_a_held_file_names_its_holder_and_is_free_after_it(tmp_path: Path) -> None:
    """The lock is the process's: gone with it, even after kill -9."""
    path = tmp_path / "lock"
    code = "import sys, time; from pathlib import Path; from streams.local.folders import HeldFile\n"
    code += "held = HeldFile(Path(sys.argv[1])); print(held.take(), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        mine = HeldFile(path)
        assert not mine.take()
        assert mine.holder() == other.pid
        other.kill()
    assert not is_alive(other.pid)
    assert mine.take()
    assert mine.holder() == os.getpid()
    mine.drop()


def test_folders_follow_the_users_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG variables are heeded where they name absolute paths."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    assert cache_folder() == Path("/x/cache/dialpulse")
    assert state_folder() == Path.home() / ".local/state/dialpulse"
