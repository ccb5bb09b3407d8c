"""Forty operators at work, half of whom may leave; their worker, and a Prometheus that knows what was before."""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.feeding import Feed, FeedThread
from streams.local import LocalStack
from streams.producing import FactProducer, Outgoing
from streams.simulator.floor import facts
from streams.simulator.plan import Plan
from tests.deploy.live import faster, history
from tests.deploy.live.floor_clock import FloorClock
from tests.deploy.live.servers import LivePrometheus, Receiver, live_alertmanager, live_prometheus
from tests.integration.pipeline_rig import fresh
from tests.workers import Worker, running_worker

OPERATORS, SITE = 40, "lyon"
SEED = 12
"""Of a floor where nothing else happens: no team has, by chance, an hour half as good as the one before."""

HISTORY_S = 80 * 60
"""What the rules look back to on a floor without a yesterday: the hour before the window, and some."""

SHIFT_S = 4.5 * 3600
"""How long the shift has gone on when the scene begins: lunch is over, the afternoon has its usual pace."""

_ENTRY = "tests.deploy.live.worker_entry"
_WHO = re.compile(rb'"(?:call_id":"\w+-c|operator_id":"op-)(\d+)')


@dataclass
class Scene:
    """What runs, and what can be done to it. Minutes are the floor's."""

    speed: int
    clock: FloorClock
    worker: Worker
    prometheus: LivePrometheus
    receiver: Receiver
    half_is_gone: bool = False

    def until(self, condition: Callable[[], object], minutes: float, what: str) -> float:
        """Waits for it, so many minutes of the floor at most, and gives how many it took."""
        began_s = self.clock.now_s
        while not condition():
            waited = (self.clock.now_s - began_s) / 60
            assert waited < minutes, f"{what}: not within {minutes} minutes"
            time.sleep(0.1)
        return (self.clock.now_s - began_s) / 60

    def pass_minutes(self, minutes: float) -> None:
        """Lets so much of the floor's time go by."""
        time.sleep(minutes * 60 / self.speed)

    def present(self, said: Iterable[Outgoing]) -> Iterator[Outgoing]:
        """What is said by those who are there: of two who sit side by side one may leave, and calls no more."""
        for record in said:
            who = _WHO.search(record.value or b"")
            is_gone = self.half_is_gone and who is not None and int(who[1]) % 2
            if not is_gone:
                yield record


@contextmanager
def live_scene(stack: LocalStack, folder: Path, speed: int) -> Iterator[Scene]:
    """A floor that has been at work for eighty minutes and goes on, so many times as fast as the machine's clock."""
    settings = fresh(stack, site_time_zones={SITE: "Europe/Paris"}, flush_interval=0.05)
    clock = FloorClock(folder / "clock")
    begins_s = math.ceil(time.time())
    clock.put(begins_s - HISTORY_S)
    plan = Plan("r", SEED, OPERATORS, (SITE,), round((begins_s - SHIFT_S) * 1e6), live_us=2**62)
    receiver = Receiver()
    with (
        live_prometheus(folder, speed) as prometheus,
        live_alertmanager(folder, speed, receiver.address) as alertmanager,
        running_worker(settings, folder, (_ENTRY, str(folder / "clock"))) as worker,
        FactProducer(settings) as producer,
    ):
        scene = Scene(speed, clock, worker, prometheus, receiver)
        pouring = history.Pouring(scene.present(facts(plan)), producer, worker.address, clock)
        pouring.skip(begins_s - HISTORY_S)
        samples, started_s = history.Samples(worker.address), time.time()
        for back_s in range(HISTORY_S, -1, -history.SCRAPED_EVERY_S):
            samples.add(pouring.scrape(begins_s - back_s))
        # Time to write it all in, more of it on a machine that was slow until now.
        from_s = math.ceil(time.time() + 3 + (time.time() - started_s) / 10)
        samples.put(prometheus, lambda at_s: from_s - (begins_s - at_s) / speed)
        history.put_rules_history(prometheus, speed, from_s - HISTORY_S // speed, from_s - 30 // speed)
        assert time.time() < from_s, "the history took too long to write"
        time.sleep(from_s - time.time())
        clock.run(begins_s, from_s, speed)
        wall_of = lambda due_us: round(clock.machine_s(due_us / 1e6) * 1e6)  # noqa: E731
        feed = FeedThread(lambda stop: Feed(producer, wall_of).run(pouring.rest(), stop))
        feed.start()
        pouring.await_more()
        prometheus.begin(faster.prometheus_yml(speed, worker.address, alertmanager), speed)
        try:
            yield scene
        finally:
            feed.finish()
            receiver.close()
