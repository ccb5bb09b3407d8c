"""A floor at work for the dashboards' queries: a worker, a simulation, and a Prometheus that scrapes and remembers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from processors.times import HOUR_US
from schemas.metrics import METRICS
from streams.feeding import FeedThread
from streams.local import LocalStack
from streams.producing import now_us
from streams.settings import Settings
from streams.simulator.people import hire
from streams.simulator.simulation import Simulation, sites_of
from tests.deploy.prometheus_server import Prometheus, put_past, running_prometheus
from tests.floors import hostile, produce
from tests.integration.pipeline_rig import fresh
from tests.workers import running_worker

OPERATORS = 20
DAY_S = 86_400
ZONE = ZoneInfo("Europe/Paris")
ZONES = {"lyon": "Europe/Paris", "nantes": "Europe/Madrid"}
"""Sites whose clock is not UTC, and the same of both."""

_NEEDED_US = 150_000_000
"""How much of the hour the tests need: they compare the hour in progress."""


@dataclass(frozen=True)
class Floor:
    """What runs: ``feed`` is ended by whoever wants the numbers to stand still."""

    settings: Settings
    prometheus: Prometheus
    feed: FeedThread


@contextmanager
def working_floor(stack: LocalStack, folder: Path) -> Iterator[Floor]:
    """A floor of twenty operators, some thirty facts a second, and two hours of a day and a week before."""
    left_us = HOUR_US - now_us() % HOUR_US
    if left_us < _NEEDED_US:
        time.sleep(left_us / 1e6 + 1)
    settings = fresh(stack, site_time_zones=ZONES)
    simulation = Simulation(operators=OPERATORS, rate=30.0)
    with running_worker(settings, folder) as worker:
        put_past(folder / "prometheus", _past(settings, simulation, worker.address))
        job = {"job_name": "dialpulse-worker", "static_configs": [{"targets": [worker.address]}]}
        with running_prometheus(folder / "prometheus", [job]) as prometheus:
            produce(settings, hostile())
            feed = FeedThread(lambda stop: simulation.run(settings, stop))
            feed.start()
            try:
                yield Floor(settings, prometheus, feed)
            finally:
                feed.finish()


def _past(settings: Settings, simulation: Simulation, address: str) -> Iterator[str]:
    """The operators' gauges of the same time a day and a week ago, as a worker would have shown them."""
    staff = hire(simulation.seed, OPERATORS, sites_of(settings, OPERATORS))
    now_s = int(time.time())
    for metric in METRICS:
        if not metric.name.startswith("dialer_operator_hour_"):
            continue
        yield f"# TYPE {metric.name} gauge"
        for one in staff.operators:
            labels = f'site="{one.team.site_id}",team="{one.team.id}",operator="{one.id}"'
            scraped = f'job="dialpulse-worker",instance="{address}"'
            for back_s in (7 * DAY_S, DAY_S):
                for at_s in range(now_s - back_s - 7200, now_s - back_s + 1200, 60):
                    yield f"{metric.name}{{{labels},{scraped}}} {at_s % 3600 // 60} {at_s}"
