"""Drops of a team, of a campaign, and of a trunk, on floors whose teams dial for several campaigns."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from tests.trial import floors, measuring, methods, replaying
from tests.trial.methods import CAMPAIGN, TEAM
from tests.trial.remote_write import write

TRUNK = "trunk"
CALLS_PER_HOUR = 600
"""Of each team and of each campaign: three of each, so nine streams."""
CAUSES = (TEAM, CAMPAIGN, TRUNK)
SHARES = (0.3, 0.5, 0.8)


@dataclass(slots=True)
class Floor:
    """Three teams that all dial for three campaigns; the trunk carries two of the campaigns."""

    number: int
    streams: list[floors.Stream]
    drops: dict[floors.Drop, str] = field(default_factory=dict)
    """The cause of each."""

    def hit(self, cause: str) -> Iterator[floors.Stream]:
        """The streams that a cause takes calls from: the first team's, the first campaign's, or the trunk's."""
        for at, stream in enumerate(self.streams):
            if {TEAM: at // 3 == 0, CAMPAIGN: at % 3 == 0, TRUNK: at % 3 < 2}[cause]:
                yield stream

    def parts(self) -> list[methods.Part]:
        """All teams and campaigns."""
        return sorted({part for stream in self.streams for part in _parts(stream)})


def _parts(stream: floors.Stream) -> list[methods.Part]:
    return [(TEAM, stream.team), (CAMPAIGN, stream.campaign)]


def some_floor(number: int, tested: range, rng: random.Random, shares: Sequence[float] = SHARES) -> Floor:
    """A floor with a case on each tested day; they follow each other, from one floor to the next, so that all come."""
    cases = list(product(CAUSES, shares))
    levels = [floors.some_levels(tested.stop, rng) for _ in range(3)]
    streams = [
        floors.Stream(f"f{number}-t{team}", f"f{number}-c{campaign}", CALLS_PER_HOUR / 3, levels[team])
        for team in range(3)
        for campaign in range(3)
    ]
    floor = Floor(number, streams)
    for place, day in enumerate(tested):
        cause, share = cases[(number * len(tested) + place) % len(cases)]
        drop = floors.some_drop(day, share, rng)
        floor.drops[drop] = cause
        for stream in floor.hit(cause):
            stream.drops.append(drop)
    return floor


@dataclass(slots=True)
class Case:
    """What came of one cause and share: whether its own part or parts alerted, and how many of the others."""

    own: measuring.Found = field(default_factory=measuring.Found)
    alerted: int = 0
    lost: int = 0
    """Parts that lost calls."""


def measured(
    number: int,
    tested: range,
    rng: random.Random,
    tell: Callable[[str], None],
    first: int = 0,
    shares: Sequence[float] = SHARES,
) -> tuple[dict[tuple[str, float], Case], float]:
    """The cases of so many floors, and false alarms per part and month. Weeks begin with the working day ``first``."""
    days = range(first, tested.stop)
    found = [some_floor(which, tested, rng, shares) for which in range(number)]
    with tempfile.TemporaryDirectory() as folder, replaying.receiving(Path(folder)) as address:
        write(address, floors.surroundings(days))
        for stream in (stream for floor in found for stream in floor.streams):
            name = floors.labels(
                "dialer_calls_total", site="lyon", team=stream.team, campaign=stream.campaign, instance="w"
            )
            write(address, [(name, floors.scraped(stream, days, rng))])
        alerts = methods.replay(address, tested, tell, first, with_rivals=False)[methods.OURS]
    cases: dict[tuple[str, float], Case] = defaultdict(Case)
    false, days = 0, 0.0
    for floor in found:
        for part in floor.parts():
            its = alerts.get(part, {})
            false += sum(len(measuring.unexplained(list(floor.drops), when)) for when in its.values())
            days += sum(
                measuring.undisturbed_days(day, [drop for drop in floor.drops if drop.day == day]) for day in tested
            )
        for drop, cause in floor.drops.items():
            _see(floor, drop, cause, alerts, cases[cause, drop.share])
    return cases, false / days * measuring.DAYS_PER_MONTH


def _see(floor: Floor, drop: floors.Drop, cause: str, alerts: methods.Alerts, case: Case) -> None:
    lost = {part for stream in floor.hit(cause) for part in _parts(stream)}
    first = floor.streams[0]
    # A trunk has no alert of its own: its campaigns and all teams have.
    own = {TEAM: {(TEAM, first.team)}, CAMPAIGN: {(CAMPAIGN, first.campaign)}}.get(cause, lost)
    when = sorted(at for part in own for at in alerts.get(part, {}).get(drop.day, []))
    case.own.see(drop, when, measuring.LIMIT_MINUTES[CALLS_PER_HOUR], full=True)
    case.lost += len(lost)
    case.alerted += sum(
        any(drop.begins_s <= at < drop.ends_s for at in alerts.get(part, {}).get(drop.day, [])) for part in lost
    )


def table(measured: tuple[dict[tuple[str, float], Case], float]) -> str:
    """A line per cause and share, as docs/alerts.md shows it."""
    cases, false = measured
    lines = [
        "| lost | share | drops | its own alert in ten minutes | in two hours | minutes | parts with less that alert |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for cause, share in product(CAUSES, SHARES):
        case = cases.get((cause, share))
        if case is not None:
            ever = sum(minutes < floors.DROP_S / 60 for minutes in case.own.minutes) / len(case.own.minutes)
            lines.append(
                f"| {cause} | {share:.0%} | {len(case.own.minutes)} | {case.own.share:.0%} | {ever:.0%} "
                f"| {case.own.median:.1f} | {case.alerted / case.lost:.0%} |"
            )
    return "\n".join([*lines, f"False alarms per team or campaign and month: {false:.2f}"])
