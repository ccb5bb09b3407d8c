"""Writes what is made from this room (JSON Schemas, AsyncAPI, topics, metrics), or checks that it is current.

``python -m schemas.generate`` writes, ``--check`` compares: exit 0 current, 1 something differs, 2 used wrongly.
"""

import argparse
import json
import sys
from pathlib import Path

from schemas.asyncapi import asyncapi_page
from schemas.documents import metrics_page, topics_page
from schemas.json_schemas import schemas

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the docs are no part of an installed package."""


def pages() -> dict[str, str]:
    """Every generated file's text, by its path below the checkout."""
    made = {f"schemas/json/{topic}.json": _text(schema) for topic, schema in schemas().items()}
    return made | {
        "docs/topics.md": topics_page(),
        "docs/metrics.md": metrics_page(),
        "docs/asyncapi.yaml": asyncapi_page(),
    }


def differences(root: Path) -> list[str]:
    """Paths of generated files that are missing, differ, or are made from nothing any more."""
    made = pages()
    stale = [path for path, text in made.items() if _current(root / path) != text]
    known = {root / path for path in made}
    left = [str(path.relative_to(root)) for path in (root / "schemas/json").glob("*") if path not in known]
    return stale + sorted(left)


def write(root: Path) -> list[str]:
    """Brings every generated file up to date and removes what is made no more; gives the paths touched."""
    made, touched = pages(), differences(root)
    for path in touched:
        if path in made:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(made[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return touched


def main(arguments: list[str] | None = None) -> int:
    """The command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas.generate",
        description="Write the JSON Schemas, the AsyncAPI document and the docs that are made from schemas/.",
        epilog="example: python -m schemas.generate --check",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not current")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: the one this file is in)")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        for path in write(chosen.root):
            print(path)
        return 0
    stale = differences(chosen.root)
    for path in stale:
        print(f"{path}: is not what schemas/ says; run python -m schemas.generate", file=sys.stderr)
    return 1 if stale else 0


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _text(schema: dict[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
