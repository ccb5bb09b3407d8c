"""Runs as tables: medians over the rounds, their spread, and ratios to the reference of the same round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.measured import Contender, Run

Rounds = Mapping[str, Sequence[Run]]
"""By contender, its runs, one a round."""
REFERENCE = "reference"


@dataclass(frozen=True)
class Row:
    """One contender over all rounds; ``ratios`` are to the reference of the same round, None where it did not run."""

    title: str
    facts: int
    rates: list[float]
    ratios: list[float] | None
    wall_rate: float
    peak_mib: float
    changelog_per_fact: float

    @property
    def short(self) -> str:
        """The title without what explains it."""
        return self.title.partition(":")[0].partition(" (")[0]


def rows(contenders: Sequence[Contender], rounds: Rounds) -> list[Row]:
    """A row for each contender that ran, in their order."""
    reference = rounds.get(REFERENCE)
    found = []
    for one in contenders:
        runs = rounds.get(one.name)
        if not runs:
            continue
        ratios = [run.rate / base.rate for run, base in zip(runs, reference, strict=False)] if reference else None
        found.append(
            Row(
                one.title,
                runs[0].facts,
                [run.rate for run in runs],
                ratios,
                median(run.facts / run.wall_s for run in runs),
                median(run.peak_mib for run in runs),
                median(run.changelog_per_fact for run in runs),
            )
        )
    return found


HEAD = (
    "system",
    "facts",
    "k facts per CPU-s",
    "spread",
    "ratio to the reference",
    "spread",
    "k facts/s",
    "peak MiB",
    "changelog bytes per fact",
)


def cells(row: Row) -> list[str]:
    """A row's words; rates in thousands."""
    ratios = row.ratios
    return [
        row.title,
        f"{row.facts:,}",
        _number(median(row.rates) / 1000),
        _spread([rate / 1000 for rate in row.rates]),
        "" if ratios is None else _number(median(ratios)),
        "" if ratios is None else _spread(ratios),
        _number(row.wall_rate / 1000),
        f"{row.peak_mib:,.0f}",
        f"{row.changelog_per_fact:.0f}" if row.changelog_per_fact else "",
    ]


def plain(found: Sequence[Row]) -> str:
    """The table for a terminal."""
    lines = [list(HEAD), *map(cells, found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _number(value: float) -> str:
    """Three digits that say something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.01 else 4
    return f"{value:,.{digits}f}"


def _spread(values: Sequence[float]) -> str:
    return f"{_number(min(values))} to {_number(max(values))}"
