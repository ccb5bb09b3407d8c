"""The image's recipe, and the package that it installs, built here in the same way from the same files."""

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from streams.compiled import is_compiled
from tests.deploy.compose import OURS, ROOT, services

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions() -> list[tuple[str, list[str]]]:
    """The Dockerfile's instructions in order: (word, arguments)."""
    folded = (ROOT / "deploy/docker/Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in folded.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], shlex.split(line)[1:]) for line in lines]


def is_ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out: the last line that fits it, or a folder above it, decides."""
    above = ["/".join(path.split("/")[: end + 1]) for end in range(path.count("/") + 1)]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        names = above if not line.startswith("**/") else [part.rsplit("/", 1)[-1] for part in above]
        if line and not line.startswith("#") and any(fnmatch.fnmatchcase(name, pattern) for name in names):
            ignored = not line.startswith("!")
    return ignored


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an engine would send to the build: the tracked files and new ones that .dockerignore lets through."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("context")
    for path in found.stdout.splitlines():
        if (ROOT / path).is_file() and not is_ignored(path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    return folder


def test_only_what_the_image_is_made_from_is_sent_to_the_build(context: Path) -> None:
    """No tests, no environment, no settings of this machine."""
    assert {path.name for path in context.iterdir()} == {
        "pyproject.toml", "README.md", "LICENSE", "requirements", "schemas", "processors", "scripts", "streams",
    }  # fmt: skip
    assert {path.name for path in (context / "requirements").iterdir()} == {"run.txt", "build.txt"}
    assert is_ignored(".env")
    assert [path.name for path in (context / "scripts").iterdir()] == ["compile.py"]
    assert is_ignored("streams/board/__pycache__/api.pyc")
    assert is_ignored("processors/page.cpython-312-x86_64-linux-gnu.so") and is_ignored(
        "processors/compiled.cpython-312-x86_64-linux-gnu.so.stamp"
    )
    assert not is_ignored("streams/board/static/main.js")


def test_everything_copied_is_in_the_build(context: Path) -> None:
    """A COPY of something that is ignored or not there fails the build."""
    copied = [words[:-1] for word, words in instructions() if word == "COPY" and not words[0].startswith("--from")]
    sources = [source for words in copied for source in words]
    assert len(sources) >= 7
    assert [source for source in sources if not (context / source).exists()] == []


def test_the_python_is_one_version_that_the_project_takes() -> None:
    """Both stages the same, pinned, slim."""
    images = {words[0] for word, words in instructions() if word == "FROM"}
    assert len(images) == 1
    version = re.fullmatch(r"python:(3\.\d+)\.\d+-slim", images.pop())
    assert version
    assert PROJECT["requires-python"] == ">=3.11,<3.13"
    assert version[1] in ("3.11", "3.12")


def test_packages_come_by_the_lock_only() -> None:
    """Every install is of a lock with hashes, or of our own wheel without its dependencies."""
    runs = [" ".join(words) for word, words in instructions() if word == "RUN"]
    installs = [run for run in runs if "pip install" in run]
    locked = [run for run in installs if "--require-hashes" in run and "--only-binary :all:" in run]
    own = [run for run in installs if "--no-deps" in run and "wheels/*.whl" in run]
    assert (len(locked), len(own), len(installs)) == (2, 1, 3)
    assert [run for run in runs if "pip wheel" in run] == [
        run for run in runs if "--no-deps" in run and "--no-build-isolation" in run
    ]


def test_the_image_runs_the_command_as_nobody_in_particular() -> None:
    """Not root; the words of the compose file follow the command's name; it starts in a home that can be written."""
    said = instructions()
    users = [words for word, words in said if word == "USER"]
    assert users == [["dialpulse"]]
    assert any("useradd --create-home" in " ".join(words) for word, words in said if word == "RUN")
    assert [words for word, words in said if word == "ENTRYPOINT"] == [["[dialpulse]"]]
    assert "dialpulse" in PROJECT["scripts"]
    homes = [words for word, words in said if word == "WORKDIR"]
    assert homes[-1] == ["/home/dialpulse"]
    for name in OURS:
        assert services()[name]["build"] == {"context": ".", "dockerfile": "deploy/docker/Dockerfile"}


def test_the_wheel_of_the_image_holds_all_that_the_program_reads(context: Path, tmp_path: Path) -> None:
    """Built from the same files by the same tool, it runs without the checkout: topics, page, mapping, lock, script."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheels")]
    subprocess.run(build, cwd=context, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert is_compiled() is (f"-cp3{sys.version_info.minor}-" in wheel.name), "as this checkout could be compiled"
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "import streams, schemas.registry, schemas.examples, sys\n"
        "from pathlib import Path\n"
        "from streams.board.page import Page\n"
        "from streams.commands import main\n"
        "from streams.replay.mapping import load_mapping\n"
        "from streams.sinks import redis_server\n"
        "page = Page().html('wall', 'fr', 'dark')\n"
        "print(Path(streams.__file__).parent.parent, len(schemas.registry.load()), page[:15])\n"
        "load_mapping('technion')\n"
        "assert redis_server.SCRIPT\n"
        "folder = Path(streams.__file__).parent / 'local'\n"
        "assert (folder / 'jgo.lock.toml').exists() and (folder / 'log4j2.properties').exists()\n"
        "from streams.compiled import insist_on_fresh, is_compiled\n"
        "insist_on_fresh()\n"
        "print(is_compiled())\n"
        "main(['worker', '--help'])\n"
    )
    variables = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'site'} 14 <!doctype html>")
    assert f"{is_compiled()}\nUsage: dialpulse worker" in done.stdout
