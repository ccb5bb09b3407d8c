"""Tables in Markdown, and blocks between markers in a page that a person writes."""

from collections.abc import Iterable, Mapping, Sequence

MADE = "Made by `python -m streams.docs`; a test fails where this and its sources differ."


class MarkerError(ValueError):
    """A page lacks a block's markers, or has them more than once or in the wrong order."""


def page(title: str, *parts: Sequence[str]) -> str:
    """A whole page: its title, the note that it is made, and its parts with a blank line between."""
    blocks = [[f"# {title}"], [f"<!-- {MADE} -->"], *parts]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    body = [[_cell(cell) for cell in row] for row in rows]
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body)]


def _cell(text: str) -> str:
    # Outside of code an angle bracket would begin a tag, and the word in it would not be shown.
    pieces = text.replace("|", "\\|").split("`")
    return "`".join(piece if place % 2 else piece.replace("<", "&lt;") for place, piece in enumerate(pieces))


def code(text: str) -> str:
    """Text as code, nothing for nothing."""
    return f"`{text}`" if text else ""


def fill(text: str, blocks: Mapping[str, Sequence[str]]) -> str:
    """The page with each block's lines between its markers. Raises MarkerError where a marker is not there once."""
    for name, lines in blocks.items():
        begin, end = f"<!-- {name}: {MADE} -->", f"<!-- end of {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise MarkerError(f"needs the line {begin!r} once, and after it {end!r} once")
        before, rest = text.split(begin)
        after = rest.split(end)[1]
        text = "\n".join([f"{before}{begin}", "", *lines, "", f"{end}{after}"])
    return text
