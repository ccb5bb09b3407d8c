"""The Wilson score interval of a share."""

from math import sqrt

Z_95 = 1.959963984540054
"""The standard normal quantile that leaves 2.5 % on either side."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % Wilson interval of ``successes / trials``, as (low, high) within 0 and 1.

    Chosen over the normal interval because it stays inside 0..1 and remains honest at the handful of trials that one
    operator has in one hour. Source: E. B. Wilson, JASA 22 (1927). Raises ValueError unless
    ``0 <= successes <= trials`` and ``trials > 0``: other ratios are no shares and have no such interval.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"no share: {successes} of {trials}")
    share = successes / trials
    weight = Z_95 * Z_95 / trials
    centre = share + weight / 2
    spread = Z_95 * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    low = 0.0 if successes == 0 else (centre - spread) / (1 + weight)
    high = 1.0 if successes == trials else (centre + spread) / (1 + weight)
    return low, high
