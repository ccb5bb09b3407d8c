"""The queue before Redis."""

from hypothesis import example, given
from hypothesis import strategies as st

from streams.sinks.redis_waiting import Snapshot, Waiting

KEYS = "abc"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(KEYS), st.integers(0, 9)),
        st.tuples(st.sampled_from(["take", "give_back", "written", "refuse", "retry"])),
    )
)


def _snapshot(identity: str, total: int, expires_at: int = 10**9) -> Snapshot:
    return Snapshot("operator", identity, 0, f"0001-{total:020}-0", expires_at, b"{}")


@given(STEPS)
@example([("add", "a", 0), ("take",), ("add", "a", 1), ("take",), ("refuse",)])
def test_no_greatest_revision_is_ever_lost(steps):
    """Of every key the greatest revision offered is either with Redis or still waiting, whatever happens between."""
    waiting, offered, stored, taken = Waiting(100), {}, {}, []
    for step in [*steps, ("give_back",), ("retry",), ("take",), ("written",)]:
        if step[0] == "add":
            snapshot = _snapshot(*step[1:])
            waiting.add([snapshot], 0.0)
            offered[snapshot.id] = max(offered.get(snapshot.id, ""), snapshot.revision)
        elif step[0] == "take":
            taken = waiting.take(100, 10**6, 0.0)
        elif step[0] == "give_back":
            waiting.give_back()
            taken = []
        elif step[0] == "retry":
            waiting.retry_refused()
        else:
            waiting.written()
            if step[0] == "refuse":
                waiting.refuse(taken, 0.0)
            else:
                for one in taken:
                    stored[one.id] = max(stored.get(one.id, ""), one.revision)
            taken = []
    assert stored == offered
    assert len(waiting) == 0


def test_the_oldest_is_the_key_that_has_waited_longest():
    """A change of a waiting key does not make it younger, nor does a failed attempt."""
    waiting = Waiting(10)
    waiting.add([_snapshot("a", 1)], 5.0)
    waiting.add([_snapshot("b", 1)], 6.0)
    waiting.add([_snapshot("a", 2)], 7.0)
    assert waiting.oldest == 5.0
    assert [one.id for one in waiting.take(1, 100, 8.0)] == ["a"]
    waiting.add([_snapshot("a", 3)], 9.0)
    waiting.give_back()
    assert waiting.oldest == 5.0
    assert [one.revision[-3] for one in waiting.take(10, 100, 9.0)] == ["3", "1"]
    waiting.written()
    assert waiting.oldest is None


def test_beyond_the_limit_nothing_is_kept_until_all_is_written_again():
    """An overflow drops everything, in flight too, and new offers until the rewriting begins."""
    waiting = Waiting(2)
    waiting.add([_snapshot("a", 1)], 0.0)
    waiting.take(1, 100, 0.0)
    waiting.add([_snapshot(key, 1) for key in "bcd"], 0.0)
    waiting.give_back()
    waiting.add([_snapshot("e", 1)], 0.0)
    assert (waiting.overflowed, len(waiting)) == (True, 0)
    waiting.start_over()
    waiting.add([_snapshot("f", 1)], 0.0)
    assert len(waiting) == 1


def test_a_round_is_bounded_in_records_and_bytes_and_leaves_out_what_expired():
    """At least one record is taken whatever its size; expired ones are dropped without taking room."""
    waiting = Waiting(10)
    waiting.add([_snapshot("x", 1, expires_at=5), *(_snapshot(key, 1) for key in "abcd")], 0.0)
    assert [one.id for one in waiting.take(10, 1, 5.0)] == ["a"]
    waiting.written()
    assert [one.id for one in waiting.take(2, 100, 5.0)] == ["b", "c"]
