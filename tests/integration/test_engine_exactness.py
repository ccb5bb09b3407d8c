"""The engine counts exactly, whatever happens to its workers. Every test recounts the topics with code of its own."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local import LocalStack
from tests.integration.engine_rig import SESSION, Rig, wait_until


@pytest.fixture
def rig(stack: LocalStack, prefix: str, tmp_path: Path) -> Iterator[Rig]:
    """A rig of the test's own."""
    rig = Rig(stack.kafka, prefix, tmp_path)
    yield rig
    rig.close()


def live(rig: Rig, count: int, rate: float) -> threading.Thread:
    """Produces at a rate while the test goes on."""
    thread = threading.Thread(target=rig.produce, args=(count,), kwargs={"rate": rate}, daemon=True)
    thread.start()
    return thread


def test_three_kills_with_duplicates_leave_every_number_exact(rig: Rig) -> None:
    """Killed with -9 in the middle of its work, a worker's successor neither loses nor repeats a fact."""
    source = live(rig, 12_000, 1_500)
    for _ in range(3):
        worker = rig.start()
        rig.wait_progress()
        time.sleep(0.25)
        assert worker.end(signal.SIGKILL) == -signal.SIGKILL
    rig.start()
    source.join()
    rig.wait_caught_up()
    rig.assert_exact()


def test_sigterm_loses_nothing_and_leaves_the_group_at_once(rig: Rig) -> None:
    """A worker asked to stop flushes, commits and leaves, so that another has its partitions long before a session."""
    source = live(rig, 6_000, 1_500)
    first = rig.start("w1")
    rig.wait_progress()
    began = time.monotonic()
    assert first.end() == 0
    second = rig.start("w2")
    second.wait_for("assigned")
    assert time.monotonic() - began < SESSION - 2
    assert second.said("assigned")[0]["partitions"] == [0, 1, 2, 3]
    source.join()
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_restart_keeps_its_membership(rig: Rig) -> None:
    """A worker that stops to be started again does not leave: no rebalance, and it has its partitions back at once."""
    rig.produce(200)
    first = rig.start(leave=False)
    before = first.wait_for("assigned")["generation"]
    rig.wait_caught_up()
    assert first.end() == 0
    assert rig.start(leave=False).wait_for("assigned")["generation"] == before


def test_a_frozen_worker_that_wakes_harms_nothing(rig: Rig) -> None:
    """Outputs that a frozen worker sends after its session are refused: the last record of each key is right."""
    source = live(rig, 22_000, 1_500)
    zombie, other = rig.start("w1"), rig.start("w2")
    wait_until(lambda: all(len(one.said("assigned")[-1:]) == 1 for one in (zombie, other)), "both workers")
    rig.wait_progress()
    zombie.send(signal.SIGSTOP)
    wait_until(lambda: other.said("assigned")[-1]["partitions"] == [0, 1, 2, 3], "the other to take over")
    rig.wait_progress()
    zombie.send(signal.SIGCONT)
    source.join()
    if zombie.process.poll() is not None:  # ending is its right: its outputs were refused
        rig.start("w1")
    rig.wait_caught_up()
    rig.assert_exact()


def test_a_worker_frozen_between_folding_and_sending_is_refused_by_the_broker(rig: Rig) -> None:
    """Outputs carry the time of the last proof of membership, so no freeze, however placed, lets them in late."""
    source = live(rig, 12_000, 1_500)
    zombie = rig.start("w1", freeze_at=3_000)
    zombie.wait_for("freezes")
    other = rig.start("w2")
    wait_until(lambda: bool(other.said("assigned")), "the other to take over", 20)
    rig.wait_progress()
    zombie.send(signal.SIGCONT)
    assert zombie.process.wait(30) == 1
    assert "InvalidTimestamp" in zombie.said("stopped")[0]["reason"]
    source.join()
    rig.wait_caught_up()
    rig.assert_exact()


def test_two_workers_share_the_partitions(rig: Rig) -> None:
    """Each partition number goes to one worker with all its topics, and comes back when the other leaves."""
    rig.produce(2_000)
    first, second = rig.start("w1"), rig.start("w2")

    def shared() -> bool:
        both = [worker.said("assigned")[-1:] for worker in (first, second)]
        numbers = [number for one in both for line in one for number in line["partitions"]]
        return all(both) and sorted(numbers) == [0, 1, 2, 3] and all(line["partitions"] for [line] in both)

    wait_until(shared, "the partitions to be shared")
    rig.produce(2_000, seed=2)
    rig.wait_caught_up()
    assert second.end() == 0
    wait_until(lambda: first.said("assigned")[-1]["partitions"] == [0, 1, 2, 3], "the partitions to come back")
    rig.produce(2_000, seed=3)
    rig.wait_caught_up()
    rig.assert_exact()
