"""The proof of membership that output records carry."""

from streams.engine.clocks import Instant
from streams.engine.lease import Lease


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = Instant(1_000.0, 50.0)

    def now(self) -> Instant:
        """Where it was put."""
        return self.at

    def forward(self, seconds: float) -> None:
        """Moves both clocks."""
        self.at = Instant(self.at.wall + seconds, self.at.monotonic + seconds)


def lease_of(clock: SetClock) -> Lease:
    """A lease under a session of ten seconds."""
    return Lease(clock, session=10.0, rebalance=30.0, heartbeat=3.0)


def test_without_a_proof_nothing_may_be_written() -> None:
    """A worker that the group never answered has no lease."""
    assert not lease_of(SetClock()).is_fresh


def test_the_stamp_is_the_time_at_which_the_proof_was_sent() -> None:
    """Not the time of the answer or of the flush: a freeze in between must count."""
    clock = SetClock()
    lease = lease_of(clock)
    sent = clock.now()
    clock.forward(2.0)
    lease.prove(sent)
    assert lease.stamp_ms == 1_000_000
    assert lease.is_fresh


def test_a_proof_ages_after_a_third_of_the_session() -> None:
    """An older one is renewed before a flush."""
    clock = SetClock()
    lease = lease_of(clock)
    lease.prove(clock.now())
    clock.forward(3.3)
    assert lease.is_fresh
    clock.forward(0.1)
    assert not lease.is_fresh


def test_an_older_proof_does_not_replace_a_younger_one() -> None:
    """Answers may come out of order."""
    clock = SetClock()
    lease = lease_of(clock)
    old = clock.now()
    clock.forward(1.0)
    lease.prove(clock.now())
    lease.prove(old)
    assert lease.stamp_ms == 1_001_000


def test_a_step_of_the_wall_clock_does_not_renew_a_lease() -> None:
    """Freshness goes by the clock that never steps."""
    clock = SetClock()
    lease = lease_of(clock)
    lease.prove(clock.now())
    clock.at = Instant(clock.at.wall - 3_600, clock.at.monotonic + 9.0)
    assert not lease.is_fresh


def test_proofs_stop_counting_before_the_group_gives_up_waiting() -> None:
    """A member that is late to rejoin is dropped after 30 s: its last proof must have run out by then."""
    clock = SetClock()
    lease = lease_of(clock)
    lease.leaving()
    clock.forward(17.0)
    lease.prove(clock.now())
    assert lease.is_fresh
    clock.forward(0.5)
    lease.prove(clock.now())
    assert lease.stamp_ms == 1_017_000
    lease.joined()
    lease.prove(clock.now())
    assert lease.stamp_ms == 1_017_500
