"""Writes the docs that are made from this room: settings, commands, KPIs; or checks that they are current.

``python -m streams.docs`` writes, ``--check`` compares: exit 0 current, 1 something differs, 2 used wrongly.
"""

import argparse
import sys
from pathlib import Path

import click

from streams.documents.commands import commands_page, commands_table
from streams.documents.kpis import brief_rates_table, kpis_page
from streams.documents.markdown import MarkerError, fill
from streams.documents.rights import rights_table
from streams.documents.settings import settings_page, settings_table

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the docs are no part of an installed package."""

README, SECURITY = "README.md", "docs/security.md"


def pages(root: Path) -> dict[str, str]:
    """Every generated page's text by its path below the checkout; others are ``root``'s with their blocks filled.

    Raises MarkerError where a page has no place for a block.
    """
    made = {"docs/settings.md": settings_page(), "docs/commands.md": commands_page(), "docs/kpis.md": kpis_page()}
    filled = {
        README: {"kpis": brief_rates_table(), "commands": commands_table(), "settings": settings_table()},
        SECURITY: {"rights": rights_table()},
    }
    for path, blocks in filled.items():
        try:
            made[path] = fill(_current(root / path), blocks)
        except MarkerError as error:
            raise MarkerError(f"{path} {error}") from None
    return made


def differences(root: Path) -> list[str]:
    """Paths of pages that are missing or differ."""
    return [path for path, text in pages(root).items() if _current(root / path) != text]


def write(root: Path) -> list[str]:
    """Brings every page up to date; gives the paths touched."""
    made, touched = pages(root), differences(root)
    for path in touched:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(made[path], encoding="utf-8")
    return touched


def main(arguments: list[str] | None = None) -> int:
    """The command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m streams.docs",
        description="Write the docs that are made from settings, commands and KPIs.",
        epilog="example: python -m streams.docs --check",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is not current")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: the one this file is in)")
    chosen = parser.parse_args(arguments)
    try:
        touched = differences(chosen.root) if chosen.check else write(chosen.root)
    except MarkerError as error:
        click.echo(error, err=True)
        return 2
    if not chosen.check:
        for path in touched:
            click.echo(path)
        return 0
    for path in touched:
        click.echo(f"{path}: is not what streams/ and processors/ say; run python -m streams.docs", err=True)
    return 1 if touched else 0


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
