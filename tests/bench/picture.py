"""The table's rates as bars, drawn as SVG."""

from collections.abc import Sequence
from html import escape
from statistics import median

from tests.bench.table import Row

WIDTH, LEFT, RIGHT, STEP, TOP = 860, 300, 110, 30, 44
OURS, OTHERS = "#2f7ed8", "#8a94a6"


def bars(rows: Sequence[Row], title: str, ours: str) -> str:
    """One bar a row, as long as its facts per CPU-second; ``ours`` is the title of the row in colour."""
    most = max(median(row.rates) for row in rows)
    height = TOP + STEP * len(rows) + 10
    frame = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="15" fill="#222222">{escape(title)}</text>',
    ]
    for number, row in enumerate(rows):
        rate, y = median(row.rates), TOP + STEP * number
        length = max(1.0, (WIDTH - LEFT - RIGHT) * rate / most)
        colour = OURS if row.short == ours else OTHERS
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end" fill="#222222">{escape(row.short)}</text>',
            f'<rect x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="20" fill="{colour}"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 17}" fill="#222222">{rate / 1000:,.3g} k</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
