"""Teams of several sizes, each with drops of 30, 50 and 80 per cent, and what every method made of them."""

import random
from collections import defaultdict
from collections.abc import Callable

from tests.trial import floors, ideal, measuring, methods
from tests.trial.remote_write import write

SHARES = {1: 0.5, 2: 0.3, 3: 0.5, 4: 0.8}
"""Which share of the calls is lost on which day of the tested week: none on Monday."""
TESTED = range(5 * floors.HISTORY_WEEKS, 5 * floors.HISTORY_WEEKS + 5)

Scores = dict[tuple[int, str], measuring.Score]
"""By calls an hour and method."""


def no_scores() -> Scores:
    """Nothing seen yet."""
    return defaultdict(measuring.Score)


def some_team(name: str, size: int, rng: random.Random) -> floors.Stream:
    """A team with five weeks of days, and a drop on four days of the last week."""
    stream = floors.Stream(name, "", size, floors.some_levels(TESTED.stop, rng))
    stream.drops = [floors.some_drop(TESTED.start + day, share, rng) for day, share in SHARES.items()]
    return stream


def replay(
    address: str,
    teams: list[floors.Stream],
    rng: random.Random,
    scores: Scores,
    tell: Callable[[str], None],
    with_rivals: bool = True,
) -> None:
    """Writes the teams' weeks into a Prometheus, replays them, and counts what came of each day."""
    write(address, floors.surroundings(range(TESTED.stop)))
    for team in teams:
        name = floors.labels("dialer_calls_total", site="lyon", team=team.team, instance="w")
        write(address, [(name, floors.scraped(team, range(TESTED.stop), rng))])
    tell(f"{len(teams)} teams written")
    found = methods.replay(address, TESTED, tell, with_rivals=with_rivals)
    for team in teams:
        for method, alerts in found.items():
            its = alerts.get((methods.TEAM, team.team), {})
            for day in TESTED:
                scores[round(team.calls_per_hour), method].see(team, day, its.get(day, []))
                if method == methods.OURS:
                    for at_s in measuring.unexplained(team.drops, its.get(day, [])):
                        tell(f"false: {team.team} {floors.clock(at_s)}")


def ideals(sizes: list[int], teams: int, rng: random.Random, scores: Scores, null_days: int = ideal.NULL_DAYS) -> None:
    """The same for tests that know what no rule can know, on teams with chance of their own."""
    for size in sizes:
        for method in ideal.METHODS:
            limit = ideal.threshold(method, size, rng, null_days)
            for _ in range(teams):
                team = some_team("", size, rng)
                for day in TESTED:
                    scores[size, method].see(team, day, ideal.alerts(method, team, day, limit, rng))


def table(scores: Scores) -> str:
    """A line per size and method, as docs/alerts.md shows it."""
    lines = [
        "| calls/hour | method | half in time | at full strength | minutes | 80 % | 30 % in time | minutes | false |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    named = set[int]()
    for (size, method), score in sorted(scores.items(), key=lambda item: item[0][0]):
        half, most, third = (score.found.get(share, measuring.Found()) for share in (0.5, 0.8, 0.3))
        first = "" if size in named else f"{size} ({measuring.LIMIT_MINUTES[size]} min, {len(half.minutes)} drops)"
        named.add(size)
        lines.append(
            f"| {first} | {method} | {half.share:.1%} | {half.share_at_full_strength:.1%} | {half.median:.1f} "
            f"| {most.share:.1%} | {third.share:.1%} | {third.median:.1f} | {score.false_per_month:.2f} |"
        )
    return "\n".join(lines)
