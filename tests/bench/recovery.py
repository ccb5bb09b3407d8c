"""From kill -9 until work goes on: with all facts live, and more of them waiting."""

import os
import signal
import time
from dataclasses import dataclass

from tests.bench import ours
from tests.bench.crew import crew
from tests.bench.peers.peer import Peer
from tests.bench.peers.results import insist_on_kpis
from tests.bench.processes import cpu_seconds, memory_mib
from tests.bench.recount import Recount, recount
from tests.bench.stage import Stage
from tests.workers import waited_s

WAITING = 10_000
"""Facts that come while nobody works."""
AT_EASE_S = 10.0
"""Seconds after the last fact at which memory is looked at: it is what a process holds that has nothing to do."""


@dataclass(frozen=True)
class Recovered:
    """Seconds from the kill, and what a live fact took of memory before it. None is what cannot be told of a system."""

    title: str
    live_facts: int
    caught_up_s: float
    bytes_per_fact: float | None = None
    ready_s: float | None = None
    ready_cpu_s: float | None = None
    waited_s: float | None = None


def recover_ours(stage: Stage, counted: Recount) -> Recovered:
    """The command as users type it: its supervisor starts the killed worker again."""
    stage.empty()
    group = stage.settings.group
    with crew(stage, 1) as running:
        [killed] = running.pids()
        before = memory_mib(killed, peak=False)
        ours.wait_until_done(stage, counted, running)
        time.sleep(AT_EASE_S)
        grown = memory_mib(killed, peak=False) - before
        os.kill(killed, signal.SIGSTOP)
        facts = stage.more(WAITING)
        began = time.monotonic()
        running.end(killed, signal.SIGKILL)
        running.wait_until_ready()
        ready_s = time.monotonic() - began
        [heir] = running.pids()
        ready_cpu_s, waited = cpu_seconds(heir), waited_s(heir)
        running.wait_until_committed(stage, group, facts)
        caught_up_s = time.monotonic() - began
        after = recount(stage)
        ours.wait_until_done(stage, after, running)
    ours.insist_on_records(stage, after)
    per_fact = grown * 2**20 / counted.calls
    return Recovered("Dialpulse", counted.calls, caught_up_s, per_fact, ready_s, ready_cpu_s, waited)


def recover(stage: Stage, peer: Peer, title: str) -> Recovered:
    """A peer with static membership where it has groups, started again at once on its folder."""
    counted = recount(stage)
    peer.prepare(stage)
    with peer.started(stage) as first:
        before = memory_mib(first.pid, peak=False)
        peer.wait(stage, first, counted.facts)
        time.sleep(AT_EASE_S)
        grown = memory_mib(first.pid, peak=False) - before
        first.freeze()
        facts = stage.more(WAITING)
        began = time.monotonic()
        first.kill()
        with peer.started(stage, str(first.log.parent / "state")) as second:
            peer.wait(stage, second, facts)
            caught_up_s = time.monotonic() - began
    insist_on_kpis(stage, recount(stage), peer.kpis, peer.name)
    per_fact = grown * 2**20 / counted.calls if peer.keeps_pages else None
    return Recovered(title, counted.calls, caught_up_s, per_fact)
