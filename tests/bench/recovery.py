"""From kill -9 until work goes on: with all facts live, and more of them waiting."""

import time
import urllib.error
import urllib.request
from dataclasses import dataclass

from streams.ports import any_free
from tests.bench import ours
from tests.bench.peers.kafka_streams import KafkaStreams
from tests.bench.peers.results import insist_on_kpis
from tests.bench.processes import memory_mib
from tests.bench.programs import SLOW_S
from tests.bench.recount import Recount, recount
from tests.bench.stage import Stage, wait

WAITING = 10_000
"""Facts that come while nobody works."""


@dataclass(frozen=True)
class Recovered:
    """Seconds from the kill; ``ready_s`` only where the program says when it is. Memory before it, per live fact."""

    title: str
    ready_s: float | None
    caught_up_s: float
    live_facts: int
    bytes_per_fact: float


def recover_ours(stage: Stage, counted: Recount) -> Recovered:
    """Our worker under its static name: the same one is started again at once."""
    stage.empty()
    where = f"127.0.0.1:{any_free('127.0.0.1')}"
    with ours.job(stage, DIALPULSE_WORKER_HTTP=where) as first:
        before = memory_mib(first.pid, peak=False)
        ours.wait_until_done(stage, counted, first)
        grown = memory_mib(first.pid, peak=False) - before
        facts = stage.more(WAITING)
        killed = time.monotonic()
        first.kill()
        with ours.job(stage, DIALPULSE_WORKER_HTTP=where) as second:
            wait(lambda: _is_ready(where), "the worker was not ready", SLOW_S)
            ready_s = time.monotonic() - killed
            second.wait_until_committed(stage, stage.settings.group, facts)
            caught_up_s = time.monotonic() - killed
            after = recount(stage)
            ours.wait_until_done(stage, after, second)
    ours.insist_on_records(stage, after)
    return Recovered("Dialpulse", ready_s, caught_up_s, counted.calls, grown * 2**20 / counted.calls)


def recover_streams(stage: Stage, form: str, live: int) -> Recovered:
    """A form of Kafka Streams, with static membership, started again on its folder; ``live`` facts are kept."""
    peer = KafkaStreams(form)
    peer.prepare(stage)
    with peer.started(stage) as first:
        before = memory_mib(first.pid, peak=False)
        first.wait_until_committed(stage, peer.group, stage.ends(stage.source))
        grown = memory_mib(first.pid, peak=False) - before
        facts = stage.more(WAITING)
        killed = time.monotonic()
        first.kill()
        with peer.started(stage, str(first.log.parent / "state")) as second:
            second.wait_until_committed(stage, peer.group, facts)
            caught_up_s = time.monotonic() - killed
    insist_on_kpis(stage, recount(stage), peer.kpis, peer.group)
    return Recovered(f"Kafka Streams, {form}", None, caught_up_s, live, grown * 2**20 / live)


def _is_ready(where: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{where}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
