"""A rolling restart under load: one worker after another is stopped and started again, as an update does it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from schemas.redis_keys import parse_snapshot_key, updates_channel
from streams import topics
from streams.local import LocalStack
from streams.settings import Settings
from tests.integration.pipeline_rig import calls_in_turn, fresh, pouring, reconciled, redis_of, wait_for
from tests.workers import Worker, waited_s

WORKERS, PARTITIONS, RATE, OPERATORS = 3, 6, 150, 60
GAP_S = 10.0
WITHIN_S = 120.0


@contextmanager
def _seen(settings: Settings) -> Iterator[dict[str, list[float]]]:
    """When Redis told its boards of each operator meanwhile (monotonic clock)."""
    seen: dict[str, list[float]] = {}
    ending, client = threading.Event(), redis_of(settings)
    channel = client.pubsub(ignore_subscribe_messages=True)
    channel.subscribe(updates_channel(settings.prefix))

    def watch() -> None:
        while not ending.is_set():
            message = channel.get_message(timeout=0.1)
            for key in [] if message is None else message["data"].decode().split():
                level, operator, *_ = parse_snapshot_key(settings.prefix, key) or ("", "")
                if level == "operator":
                    seen.setdefault(operator, []).append(time.monotonic())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()
        channel.close()


def _starved_s(workers: list[Worker]) -> float:
    """Seconds for which these were ready to run, and others had the processors."""
    return sum(waited_s(worker.process.pid) for worker in workers)


@pytest.mark.timeout(600)
def test_a_rolling_restart_of_three_workers_is_not_seen_on_the_board(stack: LocalStack, tmp_path: Path) -> None:
    """No operator is silent for 10 s, or longer as far as others have the processors, and nothing is wrong after."""
    settings = fresh(stack, partitions=PARTITIONS)
    topics.apply(settings)
    with ExitStack() as ending:
        workers = [Worker(settings, tmp_path) for _ in range(WORKERS)]
        ending.callback(lambda: [worker.kill() for worker in workers])

        def shared() -> bool:
            assert all(worker.process.poll() is None for worker in workers), [worker.said() for worker in workers]
            return all(worker.share() == PARTITIONS // WORKERS for worker in workers)

        def await_shares() -> None:
            wait_for(shared, WITHIN_S, lambda: [worker.said() for worker in workers])

        await_shares()
        began, starved_s = time.monotonic(), -_starved_s(workers)
        with _seen(settings) as seen, pouring(settings, calls_in_turn(OPERATORS), RATE):
            wait_for(lambda: len(seen) == OPERATORS, WITHIN_S)
            for place in range(WORKERS):
                # The last moment at which what it has waited can be read.
                starved_s += _starved_s([workers[place]])
                assert workers[place].stop() == 0, workers[place].said()
                workers[place] = Worker(settings, tmp_path)
                await_shares()
            # A silence has an end only where something follows it.
            then = time.monotonic()
            wait_for(lambda: all(times[-1] > then for times in seen.values()), WITHIN_S)
        starved = (starved_s + _starved_s(workers)) / WORKERS / (time.monotonic() - began)
        sent = reconciled(settings).total("accepted")
    gaps = [later - earlier for times in seen.values() for earlier, later in pairwise(times)]
    print(f"{sent} facts; longest silence {max(gaps):.2f} s; workers had no processor for {starved:.0%} of the time")
    assert len(seen) == OPERATORS
    assert max(gaps) < GAP_S / max(0.05, 1 - starved)
