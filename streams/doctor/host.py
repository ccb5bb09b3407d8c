"""What this machine brings: compiled modules, variables that are no setting, and time zones."""

import zoneinfo
from collections.abc import Iterable, Iterator
from datetime import datetime
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from streams.compiled import is_compiled
from streams.doctor.findings import Finding, ok, warn
from streams.settings import ENV_PREFIX, Settings, env_name


def hot_path() -> Iterator[Finding]:
    """Whether facts are read and counted by compiled modules."""
    if is_compiled():
        yield ok("host", "the hot path runs compiled")
    else:
        yield warn(
            "host",
            "the hot path runs interpreted, so that facts cost about three times as much",
            "install a C compiler and Python's headers (Debian: gcc, python3-dev), then scripts/bootstrap run",
        )


def unknown_settings(given: Iterable[str]) -> Iterator[Finding]:
    """Variables that are named as settings are, and are none: a misspelt one has no effect, and nobody is told."""
    known = {env_name(field) for field in Settings.model_fields}
    for name in sorted({name.upper() for name in given} - known):
        if name.startswith(ENV_PREFIX):
            [like] = get_close_matches(name, known, 1, 0)
            yield warn("settings", f"{name} is no setting: it has no effect", f"set {like} if that is meant")


def zones(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The zone data and the local time of every zone that is set; ``now`` is aware."""
    try:
        release = version("tzdata")
    except PackageNotFoundError:
        release = ""
    folders = [folder for folder in zoneinfo.TZPATH if _has_zones(folder)]
    if folders:
        package = f", package tzdata {release}" if release else ""
        yield ok("zone", f"zone data of the system in {folders[0]}{package}")
    elif release:
        yield ok("zone", f"zone data of the package tzdata {release}")
    else:
        yield warn("zone", "no zone data but what Python found by itself", "install tzdata")
    yield ok("zone", f"default {settings.time_zone}: it is {_local(settings.time_zone, now)} there")
    for site, zone in sorted(settings.site_time_zones.items()):
        yield ok("zone", f"site {site} in {zone}: it is {_local(zone, now)} there")


def _has_zones(folder: str) -> bool:
    try:
        return (Path(folder) / "Europe" / "Paris").read_bytes().startswith(b"TZif")
    except OSError:
        return False


def _local(zone: str, now: datetime) -> str:
    return f"{now.astimezone(zoneinfo.ZoneInfo(zone)):%H:%M (%z)}"
