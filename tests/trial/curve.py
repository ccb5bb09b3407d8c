"""The curve over team size, as a drawing: halves found in time, and false alarms."""

import math
from collections.abc import Callable, Mapping

from tests.trial import ideal, measuring, methods

_COLOURS = {
    methods.OURS: ("#0b6e5f", ""),
    ideal.KNOWS_THE_RATE: ("#555555", "2 4"),
    ideal.LEARNS_THE_LEVEL: ("#999999", "2 4"),
    ideal.LEARNS_THE_SHAPE: ("#8e5ea2", "2 4"),
    methods.RIVALS["RivalHalfOfLastWeek"]: ("#c0392b", ""),
    methods.RIVALS["RivalAdaptiveBand"]: ("#b7791f", "6 3"),
    methods.RIVALS["RivalRobustBand"]: ("#5f7f9e", "6 3"),
}
_LEFT, _TOP, _WIDE, _HIGH = 60, 50, 340, 240
_MOST_FALSE = 100.0
_LEAST_FALSE = 0.1

Scores = Mapping[tuple[int, str], measuring.Score]


def drawn(scores: Scores) -> str:
    """An SVG of two panels; the methods are named in a legend below."""
    sizes = sorted({size for size, _ in scores})
    span = math.log(sizes[-1] / sizes[0]) or 1.0

    def across(size: int) -> float:
        return _WIDE * math.log(size / sizes[0]) / span

    def share(score: measuring.Score) -> float:
        return _HIGH * (1 - score.found[0.5].share)

    def false(score: measuring.Score) -> float:
        least = max(_LEAST_FALSE, score.false_per_month)
        return _HIGH * (1 - math.log(least / _LEAST_FALSE) / math.log(_MOST_FALSE / _LEAST_FALSE))

    marks = [(f"{percent} %", _HIGH * (1 - percent / 100)) for percent in (0, 25, 50, 75, 100)]
    tens = [(f"{value:g}", _HIGH * (2 - power) / 3) for power, value in ((-1, 0.1), (0, 1.0), (1, 10.0), (2, 100.0))]
    wide, high = 2 * (_LEFT + _WIDE) + 40, _TOP + _HIGH + 132
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="13">',
        f'<rect width="{wide}" height="{high}" fill="white"/>',
        _panel(_LEFT, "Half of the calls missing: found in time", marks, sizes, across, scores, share),
        _panel(2 * _LEFT + _WIDE + 20, "False alarms per team and month", tens, sizes, across, scores, false),
    ]
    for place, (method, (colour, dashes)) in enumerate(_COLOURS.items()):
        x, y = _LEFT + place % 3 * 250, _TOP + _HIGH + 65 + place // 3 * 22
        parts.append(
            f'<line x1="{x}" y1="{y}" x2="{x + 30}" y2="{y}" stroke="{colour}" stroke-width="3" '
            f'stroke-dasharray="{dashes}"/><text x="{x + 38}" y="{y + 4}">{method}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    left: int,
    title: str,
    marks: list[tuple[str, float]],
    sizes: list[int],
    across: Callable[[int], float],
    scores: Scores,
    down: Callable[[measuring.Score], float],
) -> str:
    parts = [f'<g transform="translate({left} {_TOP})"><text x="0" y="-20" font-size="15">{title}</text>']
    parts += [
        f'<line x1="0" y1="{y:.0f}" x2="{_WIDE}" y2="{y:.0f}" stroke="#dddddd"/>'
        f'<text x="-8" y="{y + 4:.0f}" text-anchor="end">{text}</text>'
        for text, y in marks
    ]
    parts += [f'<text x="{across(size):.0f}" y="{_HIGH + 20}" text-anchor="middle">{size}</text>' for size in sizes]
    parts.append(f'<text x="{_WIDE / 2}" y="{_HIGH + 40}" text-anchor="middle">calls per hour</text>')
    for method, (colour, dashes) in _COLOURS.items():
        points = [(across(size), down(scores[size, method])) for size in sizes if (size, method) in scores]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
    return "".join([*parts, "</g>"])
