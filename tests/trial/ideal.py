"""What chance allows: Poisson tests that know more than any rule can, at one false alarm per team and month."""

import math
import random
from collections.abc import Sequence
from itertools import accumulate
from statistics import median

from tests.trial import floors, measuring

KNOWS_THE_RATE = "ideal"
LEARNS_THE_LEVEL = "ideal, level unknown"
LEARNS_THE_SHAPE = "ideal, shape unknown too"
METHODS = (KNOWS_THE_RATE, LEARNS_THE_LEVEL, LEARNS_THE_SHAPE)
PRIOR_CALLS = 59
"""Days' levels differ by thirteen per cent in all: as sure as 59 calls make one."""

NULL_DAYS = 30 * measuring.DAYS_PER_MONTH
"""Days without a drop by which a test's threshold is set."""

_PAST_DAYS = 5 * floors.HISTORY_WEEKS
_AROUND = 1800 // floors.STEP_S
"""A past window's calls are less blurred by chance with half an hour more on both sides."""
_OPEN = list(accumulate((share > 0 for share in floors.SHAPE), initial=0))


def deviations(expected: float, observed: float, dispersion: float = 0.0) -> float:
    """How far a count is below its expectation: the root of the Poisson deviance, in standard deviations."""
    observed += 0.5
    if observed >= expected - 2 * math.sqrt(expected):
        return 0.0
    return math.sqrt(2 * (expected - observed + observed * math.log(observed / expected)) / (1 + dispersion))


def shape(past: Sequence[Sequence[int]], begin: int, end: int) -> tuple[float, float]:
    """A window's calls as a share of its day's before, by the median of past days; how much of its chance is left."""
    first, last = begin - _AROUND, end + _AROUND
    if first < 0 or last >= len(_OPEN) or _OPEN[last] - _OPEN[first] < last - first:
        first, last = begin, end
    part = (end - begin) / (last - first)
    return median(part * (day[last] - day[first]) / (PRIOR_CALLS + day[begin]) for day in past), part


def deviating(method: str, stream: floors.Stream, day: int, rng: random.Random, planted: bool) -> dict[float, float]:
    """The deviations of a simulated day in the window of the size's limit, where they are two and more."""
    steps = measuring.LIMIT_MINUTES[round(stream.calls_per_hour)] * 60 // floors.STEP_S
    true = list(accumulate(stream.per_step(day, planted=False), initial=0.0))
    level = stream.factor[day]
    normal = [mean / level for mean in true]
    held = stream if planted else floors.Stream(stream.team, "", stream.calls_per_hour, stream.factor)
    counts = list(accumulate(held.counted(day, rng), initial=0))
    weeks = range(day - 5, day - 5 - _PAST_DAYS, -5) if method == LEARNS_THE_SHAPE else ()
    past = [list(accumulate(held.counted(one, rng), initial=0)) for one in weeks if one != floors.HOLIDAY]
    found: dict[float, float] = {}
    for end in range(steps, len(counts)):
        begin = end - steps
        if not floors.SHAPE[end - 1]:
            continue
        expected, dispersion = true[end] - true[begin], 0.0
        if method == LEARNS_THE_LEVEL:
            believed = (PRIOR_CALLS + counts[begin]) / (PRIOR_CALLS + normal[begin])
            expected = believed * (normal[end] - normal[begin])
            dispersion = expected / (PRIOR_CALLS + counts[begin])
        if method == LEARNS_THE_SHAPE:
            share, part = shape(past, begin, end)
            expected = (PRIOR_CALLS + counts[begin]) * share
            # A median of four has 0.3 of one's variance, of three 0.4.
            blur = 1.2 / len(past)
            dispersion = (1 + blur) * expected / (PRIOR_CALLS + counts[begin]) + blur * part
        sigmas = deviations(expected, counts[end] - counts[begin], dispersion) if expected else 0.0
        if sigmas > 2:
            found[floors.first_s(day) + (end - 1) * floors.STEP_S] = sigmas
    return found


def threshold(method: str, calls_per_hour: float, rng: random.Random, null_days: int = NULL_DAYS) -> float:
    """The deviations that chance passes once per team and month."""
    days, last = [], _PAST_DAYS
    for _ in range(null_days):
        stream = floors.Stream("", "", calls_per_hour, floors.some_levels(last + 1, rng))
        days.append(deviating(method, stream, last, rng, planted=False))
    lowest, highest = 2.0, 6.0
    while highest - lowest > 0.01:
        middle = (lowest + highest) / 2
        alarms = sum(
            len(measuring.onsets(last, [at for at, sigmas in day.items() if sigmas > middle], for_s=0)) for day in days
        )
        too_many = alarms > null_days / measuring.DAYS_PER_MONTH
        lowest, highest = (middle, highest) if too_many else (lowest, middle)
    return highest


def alerts(method: str, stream: floors.Stream, day: int, limit: float, rng: random.Random) -> list[float]:
    """When such a test would alert on a day of the team's, with chance of its own."""
    found = deviating(method, stream, day, rng, planted=True)
    return measuring.onsets(day, [at for at, sigmas in found.items() if sigmas > limit], for_s=0)
