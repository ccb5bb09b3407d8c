"""What the parts of one worker's engine share, and its one way to fail."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from faust.types import TP

from streams.engine.deliveries import Deliveries
from streams.engine.flushing import Flusher
from streams.engine.lease import Lease
from streams.engine.settings import EngineSettings
from streams.errors import UserError

log = logging.getLogger(__name__)

REBALANCE_TIMEOUT = 30.0
READY_WITHIN = 10
"""A worker is ready while its last flush cycle is younger than so many intervals."""
FAR_BEHIND, LONGER_FLUSH = 10, 4
"""So many times as far behind as "behind" says, a flush may be so many times as long, and as long in coming."""
HEARTBEAT = 0.5
LONG_FLUSH = 0.3
"""Seconds after which folding pauses until the flush is through."""


def words(reason: BaseException) -> str:
    """An error in one line: a UserError speaks for itself, others are named unless their text does."""
    text, name = " ".join(str(reason).split()), type(reason).__name__
    return text if isinstance(reason, UserError) or text.startswith(name) else f"{name}: {text}"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The health of one worker."""

    ready: bool
    """Recovered, with partitions, and its last flush cycle is young."""
    last_flush: float | None
    """When the last flush cycle was complete, seconds since the epoch."""
    generation: int
    """Generation of the consumer group."""
    partitions: frozenset[int]
    """Partition numbers that this worker has, the same of every topic."""
    lag: dict[TP, int]
    """Records left to fold, by source partition whose end is known."""
    failure: str | None
    """Why the engine stops; None while it runs."""


@dataclass(eq=False)
class Engine:
    """One worker's engine: settings, books, lease, flusher."""

    settings: EngineSettings
    deliveries: Deliveries = field(init=False)
    lease: Lease = field(init=False)
    flusher: Flusher = field(init=False)
    failed: asyncio.Event = field(init=False)
    calm: asyncio.Event = field(init=False)
    """Cleared while a flush takes long: folds wait, so that its acknowledgements are not kept waiting by them."""
    failure: BaseException | None = field(default=None, init=False)
    sources: dict[str, int] = field(default_factory=dict, init=False)
    """Partition count by source topic."""
    changelogs: dict[str, int] = field(default_factory=dict, init=False)
    """Partition count by changelog topic."""
    partitions: frozenset[int] = field(default=frozenset(), init=False)
    leaving: bool = field(default=False, init=False)
    """Set at a wanted stop: the consumer then leaves its group at once instead of letting the session run out."""
    recovered: bool = field(default=False, init=False)
    interval: float = field(init=False)
    most_unflushed: int = field(init=False)
    """Pages touched since the last flush from which on the next batch waits for one."""
    last_flush: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.deliveries = Deliveries()
        self.lease = Lease(
            settings.clock, session=settings.session_timeout, rebalance=self.rebalance_timeout, heartbeat=self.heartbeat
        )
        self.flusher = Flusher(settings.clock, self.lease)
        self.failed, self.calm = asyncio.Event(), asyncio.Event()
        self.calm.set()
        self.interval = settings.flush_interval
        self.most_unflushed = settings.max_unflushed

    @property
    def heartbeat(self) -> float:
        """Seconds between heartbeats, by whose answers a member learns that another has left or come.

        So often that a planned hand-over is not waiting for them; far below a third of the session, so that the lease
        stays fresh by itself.
        """
        return min(HEARTBEAT, self.settings.session_timeout * 0.3)

    @property
    def rebalance_timeout(self) -> float:
        """How long the group waits for a member to give up its partitions, seconds."""
        return max(REBALANCE_TIMEOUT, 3 * self.settings.session_timeout)

    def fail(self, reason: BaseException) -> None:
        """Stops the worker. From now on nothing is flushed or committed; the first reason stands."""
        if self.failure is not None:
            return
        self.failure = reason
        self.failed.set()
        if isinstance(reason, UserError):
            # Said in one line below; Faust would add a traceback of each part that ends for it.
            for name in ("faust", "mode"):
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        log.error("the engine stops: %s", words(reason))
        self.settings.events.stopped(words(reason))

    @contextmanager
    def calm_if_long(self) -> Iterator[None]:
        """Around a flush."""
        timer = asyncio.get_running_loop().call_later(LONG_FLUSH, self.calm.clear)
        try:
            yield
        finally:
            timer.cancel()
            self.calm.set()

    def cycle_done(self, lag: int) -> None:
        """A flush cycle is complete with so many records left to read: paces the next one."""
        settings = self.settings
        self.last_flush = settings.clock.now().wall
        # Nobody waits for a number that is minutes old: a page is then published once for all that is known of it.
        longer = LONGER_FLUSH if self.is_far_behind(lag) else 1
        slower = min(longer * settings.slow_flush_interval, self.interval * 2)
        self.interval = slower if lag > settings.behind else settings.flush_interval
        self.most_unflushed = longer * settings.max_unflushed

    def is_far_behind(self, lag: int) -> bool:
        """So many records are left to read that what is published now is old news."""
        return lag > FAR_BEHIND * self.settings.behind

    def is_ready(self) -> bool:
        """Recovered, with partitions, and its last flush cycle is young."""
        if self.failure is not None or not self.recovered or not self.partitions or self.last_flush is None:
            return False
        return self.settings.clock.now().wall - self.last_flush < READY_WITHIN * self.interval
