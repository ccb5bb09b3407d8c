"""The books of what was delivered and folded."""

import pytest
from faust.types import TP

from streams.engine.batches import Batch
from streams.engine.deliveries import Deliveries, HoleError, RewindError

CALLS = TP("calls", 0)


def batch(first: int, following: int, *, stamp: int = 1_000) -> Batch:
    """A batch without holes."""
    count = following - first
    return Batch("calls", 0, first, following, [None] * count, [b"x"] * count, [stamp] * count)


def books(*, committed: int | None = None) -> Deliveries:
    """Books of one dense partition, sought."""
    deliveries = Deliveries()
    deliveries.expect_no_holes("calls")
    deliveries.sought(CALLS, committed, 0 if committed is None else None)
    return deliveries


def test_only_the_folded_run_from_the_start_may_be_committed() -> None:
    """A folded batch behind one that is not folded is not committed: it would cover the other."""
    deliveries = books()
    batches = [batch(0, 10), batch(10, 20), batch(20, 30)]
    for one in batches:
        deliveries.deliver(CALLS, one)
    batches[0].acked = batches[2].acked = True
    assert deliveries.committable() == {CALLS: 10}
    batches[1].acked = True
    assert deliveries.committable() == {CALLS: 30}


def test_what_is_committed_is_not_committed_again() -> None:
    """An idle partition costs no commits."""
    deliveries = books()
    one = batch(0, 10)
    deliveries.deliver(CALLS, one)
    one.acked = True
    deliveries.committed(deliveries.committable())
    assert deliveries.committable() == {}
    assert deliveries.proven() == {CALLS: 10}


def test_a_hole_between_two_batches_stops() -> None:
    """A dense topic that skips offsets has lost records on the way."""
    deliveries = books()
    deliveries.deliver(CALLS, batch(0, 10))
    with pytest.raises(HoleError, match="expected offset 10, got 12"):
        deliveries.deliver(CALLS, batch(12, 20))


def test_a_hole_after_the_committed_offset_stops() -> None:
    """The first batch after a start must begin where the last worker ended."""
    with pytest.raises(HoleError):
        books(committed=5).deliver(CALLS, batch(6, 7))


def test_a_compacted_topic_may_have_holes() -> None:
    """Compaction removes records, so gaps are no loss."""
    deliveries = Deliveries()
    deliveries.sought(CALLS, 5, None)
    deliveries.deliver(CALLS, batch(9, 12))
    assert deliveries.missing(CALLS, batch(40, 41)) is None


def test_what_retention_removed_is_no_hole() -> None:
    """After a jump to the log's beginning the next batch may start there, and no later."""
    deliveries = books(committed=5)
    assert deliveries.missing(CALLS, batch(8, 9)) == (5, 8)
    deliveries.jump(CALLS, 7)
    assert deliveries.missing(CALLS, batch(8, 9)) == (7, 8)
    deliveries.jump(CALLS, 8)
    deliveries.deliver(CALLS, batch(8, 9))


def test_a_log_that_begins_again_stops() -> None:
    """Offsets below what was read are another log's; Faust would drop them in silence."""
    with pytest.raises(RewindError, match="begins again at 0"):
        books(committed=5).deliver(CALLS, batch(0, 3))


def test_a_seek_makes_earlier_deliveries_void() -> None:
    """A batch folded before a seek must not move the offset after it."""
    deliveries = books()
    one = batch(0, 10)
    deliveries.deliver(CALLS, one)
    one.acked = True
    offsets = deliveries.committable()
    deliveries.restart()
    deliveries.sought(CALLS, 4, None)
    assert not deliveries.is_current(CALLS, offsets[CALLS])
    assert deliveries.committable() == {}


def test_progress_knows_the_end_and_the_latest_time() -> None:
    """A partition is at its end when all that the broker has is folded, not when it is delivered."""
    deliveries = books()
    one, other = batch(0, 10, stamp=5_000), batch(10, 20, stamp=4_000)
    deliveries.deliver(CALLS, one)
    deliveries.deliver(CALLS, other)
    one.acked = True
    assert not deliveries.progress(CALLS, 20).is_at_end
    other.acked = True
    progress = deliveries.progress(CALLS, 20)
    assert progress.is_at_end
    assert (progress.position, progress.last_timestamp_ms) == (20, 5_000)
    deliveries.forget([CALLS])
    assert deliveries.progress(CALLS, 20).position is None
