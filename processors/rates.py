"""Rates: the registry's formulas applied to counts, each with what it is made of."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from processors.intervals import wilson
from processors.kpis import KPIS
from processors.times import SECOND_US
from schemas.kpis import COUNT_NAMES, Number, Rate

DECIMALS = 6

_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=1 << 13)
def share(numerator: int, denominator: int) -> Rate:
    """A share of trials with its 95 % interval; the interval is absent where the numerator is the greater."""
    if not denominator:
        return Rate(None, numerator, denominator)
    value = round(numerator / denominator, DECIMALS)
    if numerator > denominator:
        return Rate(value, numerator, denominator)
    low, high = wilson(numerator, denominator)
    return Rate(value, numerator, denominator, round(low, DECIMALS), round(high, DECIMALS))


@lru_cache(maxsize=1 << 12, typed=True)  # 5 and 5.0 are written differently
def ratio(numerator: Number, denominator: Number) -> Rate:
    """A rate that is no share: per hour, or a mean."""
    return Rate(round(numerator / denominator, DECIMALS) if denominator else None, numerator, denominator)


_SINGLE = (*COUNT_NAMES, "hours", "talk_seconds", "staffed_hours")
_SUMS = tuple(text for kpi in KPIS for text in (kpi.numerator, kpi.denominator) if text not in _SINGLE)
_TERMS = (*_SINGLE, *_SUMS)
_ADDED = tuple((COUNT_NAMES.index(first), COUNT_NAMES.index(second)) for first, second in (t.split("+") for t in _SUMS))
_RATES = tuple((kpi.name, kpi.is_share, _TERMS.index(kpi.numerator), _TERMS.index(kpi.denominator)) for kpi in KPIS)


_TALK = _TERMS.index("talk_seconds")
_HEADS = tuple(f'{"," if place else ""}"{name}":'.encode() for place, (name, *_) in enumerate(_RATES))
_texts: dict[tuple[int, Number, Number], bytes] = {}
_MOST_TEXTS = 1 << 14


def _values(counts: Sequence[int], talk_us: int, hours: float) -> list[Any]:
    """What rates are made of, in the order of _TERMS."""
    # Staffed hours are not counted yet: a denominator of 0 gives null.
    values: list[Any] = [*counts, hours, talk_us / SECOND_US, 0]
    values += [counts[first] + counts[second] for first, second in _ADDED]
    return values


def rates(counts: Sequence[int], talk_us: int, hours: float) -> dict[str, Rate]:
    """Every rate of the registry, by name. ``hours``: the length of the hour (1.0; shorter at a clock change)."""
    values = _values(counts, talk_us, hours)
    return {
        name: share(values[above], values[below]) if is_share else ratio(values[above], values[below])
        for name, is_share, above, below in _RATES
    }


def written_rates(counts: Sequence[int], talk_us: int, hours: float) -> Any:
    """The same as JSON, for records that are only written: put together from texts that other pages needed too."""
    values, texts, known = _values(counts, talk_us, hours), [], _texts
    for place, (_, is_share, above, below) in enumerate(_RATES):
        # By its place too: 5 and 5.0 are one key, and written differently.
        numerator, denominator = values[above], values[below]
        text = known.get((place, numerator, denominator))
        if text is None:
            text = _HEADS[place] + _encode(share(numerator, denominator) if is_share else ratio(numerator, denominator))
            if above != _TALK:  # no two pages have the same seconds
                if len(known) >= _MOST_TEXTS:
                    known.clear()
                known[place, numerator, denominator] = text
        texts.append(text)
    return msgspec.Raw(b"{%b}" % b"".join(texts))
