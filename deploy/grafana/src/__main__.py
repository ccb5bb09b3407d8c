"""Writes the dashboards, or checks that they are current.

``python -m deploy.grafana.src`` writes, ``--check`` compares: exit 0 current, 1 something differs, 2 used wrongly.
"""

import argparse
import sys
from pathlib import Path

from deploy.grafana.src.dashboards import DASHBOARDS, boards


def differences(folder: Path) -> list[str]:
    """Names of files that are missing, differ, or are no dashboard of ours."""
    made = boards()
    strangers = {path.name for path in folder.glob("*.json")} - set(made)
    changed = {name for name, text in made.items() if _current(folder / name) != text}
    return sorted(strangers | changed)


def write(folder: Path) -> list[str]:
    """Brings every file up to date and takes away those of dashboards that are no more; gives the names touched."""
    made, touched = boards(), differences(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in touched:
        if name in made:
            (folder / name).write_text(made[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return touched


def main(arguments: list[str] | None = None) -> int:
    """The command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.grafana.src",
        description="Write Grafana's dashboards from their sources.",
        epilog="example: python -m deploy.grafana.src --check",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a dashboard is not current")
    parser.add_argument("--folder", type=Path, default=DASHBOARDS, help="where the dashboards are")
    chosen = parser.parse_args(arguments)
    touched = differences(chosen.folder) if chosen.check else write(chosen.folder)
    for name in touched:
        if chosen.check:
            print(f"{chosen.folder / name}: is not what its source says; run make docs", file=sys.stderr)  # noqa: T201
        else:
            print(chosen.folder / name)  # noqa: T201
    return 1 if touched and chosen.check else 0


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
