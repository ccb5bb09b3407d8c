"""Rates: the registry's formulas applied to counts, each with what it is made of."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from processors.intervals import wilson
from processors.kpis import KPIS, Kpi
from processors.times import SECOND_US
from schemas.kpis import COUNT_NAMES, Number, Rate

DECIMALS = 6

Term = Callable[[Sequence[int], int, float], Number]
"""Gives a term's value from (counts in contract order, talk in microseconds, the hour's length in hours)."""


def _term(text: str) -> Term:
    if text == "hours":
        return lambda counts, talk_us, hours: hours
    if text == "talk_seconds":
        return lambda counts, talk_us, hours: talk_us / SECOND_US
    if text == "staffed_hours":
        return lambda counts, talk_us, hours: 0  # Its counts do not exist yet: a denominator of 0 gives null.
    places = [COUNT_NAMES.index(name) for name in text.split("+")]
    if len(places) == 1:
        place = places[0]
        return lambda counts, talk_us, hours: counts[place]
    return lambda counts, talk_us, hours: sum(counts[place] for place in places)


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


_TERMS: tuple[tuple[Kpi, Term, Term], ...] = tuple((kpi, _term(kpi.numerator), _term(kpi.denominator)) for kpi in KPIS)


def rates(counts: Sequence[int], talk_us: int, hours: float) -> dict[str, Rate]:
    """Every rate of the registry, by name. ``hours``: the length of the hour (1.0; shorter at a clock change)."""
    return _rates(tuple(counts), talk_us, hours)


@lru_cache(maxsize=1 << 13)  # most pages have one of few counts; the answer is shared, so nobody may change it
def _rates(counts: tuple[int, ...], talk_us: int, hours: float) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    for kpi, numerator, denominator in _TERMS:
        above, below = numerator(counts, talk_us, hours), denominator(counts, talk_us, hours)
        found[kpi.name] = share(int(above), int(below)) if kpi.is_share else ratio(above, below)
    return found
