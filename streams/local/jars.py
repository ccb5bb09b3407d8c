"""Kafka's jars: exactly those of the committed lock, fetched once into the user's cache, checked at every start.

The lock is made by `jgo --resolver python -f streams/local/jgo.toml lock`; it names versions and checksums, no host.
Where they are fetched from is jgo's setting, so that a mirror set there serves here too.
"""

import hashlib
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from streams.errors import UserError
from streams.local.folders import HeldFile, cache_folder

LOCK_FILE = Path(__file__).with_name("jgo.lock.toml")


@dataclass(frozen=True)
class LockedJar:
    """One jar of the lock; `sha256` in hexadecimal digits."""

    group: str
    artifact: str
    version: str
    sha256: str
    classifier: str = ""

    def path_in(self, repository: Path) -> Path:
        """Where it lies in a Maven repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        folder = repository.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}{suffix}.jar"

    def is_sound(self, repository: Path) -> bool:
        """Whether it is there, to the byte."""
        path = self.path_in(repository)
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def locked_jars(lock_file: Path = LOCK_FILE) -> list[LockedJar]:
    """All jars of the lock, in the class path's order."""
    entries = tomllib.loads(lock_file.read_text())["dependencies"]
    return [
        LockedJar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"], entry.get("classifier", ""))
        for entry in entries
    ]


def class_path(progress: Callable[[str], None], lock_file: Path = LOCK_FILE) -> list[Path]:
    """The paths of a lock's jars, sound; fetches what is missing. UserError where it cannot be had."""
    jars = locked_jars(lock_file)
    repository = cache_folder() / "maven"
    with HeldFile(repository / "fetching.lock") as lock:
        if not lock.take():
            progress(f"waiting for process {lock.holder()}, which is fetching Kafka's jars")
            if not lock.take_within(600):
                raise UserError(f"process {lock.holder()} holds {lock.path} for ten minutes: end it", exit_code=1)
        missing = [jar for jar in jars if not jar.is_sound(repository)]
        if missing:
            _fetch_all(missing, repository, progress)
    return [jar.path_in(repository) for jar in jars]


def _fetch_all(jars: list[LockedJar], repository: Path, progress: Callable[[str], None]) -> None:
    progress(f"fetching {len(jars)} jars of Kafka into {repository} (about a minute, once)")
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(_fetch, jar, repository) for jar in jars]
        for done, (jar, fetched) in enumerate(zip(jars, running, strict=True), 1):
            try:
                fetched.result()
            except UserError:
                pool.shutdown(cancel_futures=True)
                raise
            megabytes = jar.path_in(repository).stat().st_size / 1e6
            progress(f"  {done} of {len(jars)}: {jar.artifact} {jar.version} ({megabytes:.1f} MB)")


def _fetch(jar: LockedJar, repository: Path) -> None:
    # Imported here: only the first start on a machine needs it.
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    path = jar.path_in(repository)
    path.unlink(missing_ok=True)
    remotes = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    context = MavenContext(repo_cache=repository, remote_repos=remotes, timeout=30)
    name = f"{jar.group}:{jar.artifact}:{jar.version}"
    try:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier).resolve()
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        hosts = ", ".join(remotes.values())
        raise UserError(f"cannot fetch {name} from {hosts} ({error}): see to the network", exit_code=1) from None
    if not jar.is_sound(repository):
        path.unlink(missing_ok=True)
        raise UserError(f"{name} as fetched is not what the lock names (checksum): start again", exit_code=1)
