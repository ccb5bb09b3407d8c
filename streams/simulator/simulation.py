"""A live simulation: a floor whose shift began three hours ago, produced at the pace of the clock."""

import secrets
import threading
from dataclasses import dataclass
from itertools import takewhile

from streams.feeding import Fed, Feed, Tell, WallOf, untold
from streams.producing import FactProducer, now_us
from streams.settings import Settings
from streams.simulator.floor import facts
from streams.simulator.people import TEAM_SIZE
from streams.simulator.plan import APPOINTMENTS, CALLS, CONVERSATIONS, PRESENCE, SALES, Plan
from streams.simulator.shape import CLOSES, OPENS

PAST_SECONDS = 3 * 3600
PAST_FACTS = 60_000
"""The shift began three hours ago, or less where so long a past would be more facts than go out in some ten seconds."""

_CATCH_UP_SECONDS = 600.0
_SITES = ("lyon", "nantes")


@dataclass(frozen=True)
class Simulation:
    """What to simulate. ``rate``: facts a second (None: what so many operators naturally give).

    ``speed``: the floor's clock runs so many times as fast as the real one, from so far back that it reaches the
    present at the end of ``for_seconds`` (at most ten minutes), and never runs ahead of it.
    """

    operators: int = 40
    rate: float | None = None
    seed: int = 1
    for_seconds: float | None = None
    speed: float = 1.0
    duplicates: float = 0.02

    def plan(self, sites: tuple[str, ...], start_us: int, run_id: str) -> Plan:
        """The floor for a simulation that starts at ``start_us`` (microseconds)."""
        natural = natural_rate(self.operators, self.seed, self.duplicates)
        tempo = 1.0 if self.rate is None else self.rate / natural
        lag = (self.speed - 1) * min(self.for_seconds or _CATCH_UP_SECONDS, _CATCH_UP_SECONDS)
        live_us = start_us - round(lag * 1e6)
        shift_us = live_us - round(min(PAST_SECONDS, PAST_FACTS / natural)) * 1_000_000
        return Plan(run_id, self.seed, self.operators, sites, shift_us, live_us, tempo, self.duplicates)

    def run(self, settings: Settings, stop: threading.Event, tell: Tell = untold) -> Fed:
        """Produces until ``stop``, or until ``for_seconds`` are over; all of it is acknowledged on return."""
        with FactProducer(settings) as producer:
            producer.require((CALLS, CONVERSATIONS, APPOINTMENTS, SALES, PRESENCE))
            start_us = now_us()
            plan = self.plan(sites_of(settings, self.operators), start_us, f"r{secrets.token_hex(4)}")
            until_us = None if self.for_seconds is None else start_us + round(self.for_seconds * 1e6)
            return Feed(producer, self._wall_of(plan, start_us), tell, until_us).run(facts(plan), stop)

    def _wall_of(self, plan: Plan, start_us: int) -> WallOf:
        return lambda due_us: max(due_us, start_us + round((due_us - plan.live_us) / self.speed))


def natural_rate(operators: int, seed: int, duplicates: float) -> float:
    """Facts a second that so many operators give on average over a day of the floor, as this seed plays it."""
    # Whole teams of each campaign, and not more of them than the average needs.
    sample = min(operators, 2 * TEAM_SIZE)
    day_us = (CLOSES - OPENS) * 1_000_000
    plan = Plan("r", seed, sample, _SITES, 0, day_us, duplicates=duplicates)
    said = sum(1 for _ in takewhile(lambda record: record.due_us < day_us, facts(plan)))
    return max(said, 1) / (CLOSES - OPENS) * operators / sample


def sites_of(settings: Settings, operators: int) -> tuple[str, ...]:
    """The sites of the floor: the first two whose zones are set, else two of its own; one for a small floor."""
    sites = tuple(settings.site_time_zones)[:2] or _SITES
    return sites[:1] if operators < 2 * TEAM_SIZE else sites
