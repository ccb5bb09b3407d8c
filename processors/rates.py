"""Rates: the registry's formulas applied to counts, each with what it is made of."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from processors.intervals import wilson
from processors.kpis import KPIS
from processors.times import SECOND_US
from schemas.kpis import COUNT_NAMES, Number, Rate

DECIMALS = 6


@lru_cache(maxsize=1 << 16)
def share(numerator: int, denominator: int) -> Rate:
    """A share of trials with its 95 % interval; the interval is absent where the numerator is the greater."""
    if not denominator:
        return Rate(None, numerator, denominator)
    value = round(numerator / denominator, DECIMALS)
    if numerator > denominator:
        return Rate(value, numerator, denominator)
    low, high = wilson(numerator, denominator)
    return Rate(value, numerator, denominator, round(low, DECIMALS), round(high, DECIMALS))


@lru_cache(maxsize=1 << 14, typed=True)  # 5 and 5.0 are written differently
def ratio(numerator: Number, denominator: Number) -> Rate:
    """A rate that is no share: per hour, or a mean."""
    return Rate(round(numerator / denominator, DECIMALS) if denominator else None, numerator, denominator)


_SINGLE = (*COUNT_NAMES, "hours", "talk_seconds", "staffed_hours")
_SUMS = tuple(text for kpi in KPIS for text in (kpi.numerator, kpi.denominator) if text not in _SINGLE)
_TERMS = (*_SINGLE, *_SUMS)
_ADDED = tuple(tuple(COUNT_NAMES.index(name) for name in text.split("+")) for text in _SUMS)
_RATES = tuple((kpi.name, kpi.is_share, _TERMS.index(kpi.numerator), _TERMS.index(kpi.denominator)) for kpi in KPIS)


def rates(counts: Sequence[int], talk_us: int, hours: float) -> dict[str, Rate]:
    """Every rate of the registry, by name. ``hours``: the length of the hour (1.0; shorter at a clock change)."""
    # Staffed hours are not counted yet: a denominator of 0 gives null.
    values: list[Any] = [*counts, hours, talk_us / SECOND_US, 0]
    values += [sum([counts[place] for place in places]) for places in _ADDED]
    return {
        name: share(values[above], values[below]) if is_share else ratio(values[above], values[below])
        for name, is_share, above, below in _RATES
    }
