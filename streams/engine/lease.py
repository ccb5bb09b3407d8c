"""The proof of membership with which output records are stamped.

A compacted topic keeps the last record of a key, not the greatest, so a worker that froze and woke must not be able
to write after its successor. Outputs therefore carry the wall time at which the last request that the group answered
with "you are a member" was sent. The broker refuses a stamp older than the session less a margin; the group gives
the partitions away only when the session has passed. A stamp of the flush itself would add the two up.
"""

import threading

from streams.engine.clocks import Clock, Instant

NEVER = Instant(0.0, float("-inf"))


class Lease:
    """When this worker last proved that it is a member. Written by the consumer's thread, read by the loop's."""

    def __init__(self, clock: Clock, *, session: float, rebalance: float, heartbeat: float) -> None:
        self._clock = clock
        self._fresh_for = session / 3
        # A member that is late to rejoin is dropped after the rebalance timeout, however alive: proofs given while
        # a rebalance waits for us stop counting early enough for the last one to have run out by then.
        self._grace = rebalance - session - heartbeat
        self._last = NEVER
        self._until = float("inf")
        self._lock = threading.Lock()

    def prove(self, sent: Instant) -> None:
        """The group accepted a request of this member that was sent at this instant."""
        with self._lock:
            if self._last.monotonic < sent.monotonic <= self._until:
                self._last = sent

    def leaving(self) -> None:
        """A rebalance began: the group waits for this member to give its partitions up."""
        with self._lock:
            self._until = self._clock.now().monotonic + self._grace

    def joined(self) -> None:
        """The group assigned partitions anew."""
        with self._lock:
            self._until = float("inf")

    @property
    def is_fresh(self) -> bool:
        """Young enough to write with, without asking the group again."""
        return self._clock.now().monotonic - self._last.monotonic < self._fresh_for

    @property
    def stamp_ms(self) -> int:
        """The timestamp for leased records, in milliseconds since the epoch."""
        return int(self._last.wall * 1000)
