"""Records sent at the moments they are due, until their end or until somebody stops it, and what came of it."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streams.producing import FactProducer, Outgoing, now_us

Tell = Callable[[str], None]
WallOf = Callable[[int], int]
"""From the instant a record is due by its source's clock to the wall instant at which to send it, microseconds."""

_TELL_EVERY_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 0.5


def untold(line: str) -> None:
    """Progress that nobody asked for."""


@dataclass
class Fed:
    """What was produced: records by topic, by mark ("" left out), and how long it took.

    ``catching_up`` records were due before the start and went out at once, in ``catch_up_seconds``.
    """

    topics: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    catching_up: int = 0
    catch_up_seconds: float = 0.0
    stopped: bool = False

    @property
    def records(self) -> int:
        """All records produced, repeated ones too."""
        return self.topics.total()

    @property
    def duplicates(self) -> int:
        """Records that repeat an earlier one byte for byte."""
        return self.marks["duplicate"]

    def add(self, record: Outgoing) -> None:
        """Counts one record."""
        self.topics[record.topic] += 1
        if record.mark:
            self.marks[record.mark] += 1

    def lines(self) -> list[str]:
        """The summary as text, a line per topic."""
        rate = self.records / self.seconds if self.seconds else 0.0
        head = f"produced {self.records:,} facts in {self.seconds:.1f} s ({rate:,.0f} a second)"
        each = [f"  {count:>9,} {topic}" for topic, count in sorted(self.topics.items())]
        marks = ", ".join(f"{count:,} {mark}" for mark, count in sorted(self.marks.items()))
        stopped = ", stopped before the end" if self.stopped else ""
        return [head + stopped, *each, *([f"  among them {marks}"] if marks else [])]


@dataclass(frozen=True)
class Feed:
    """A way to produce: ``wall_of`` paces the records, ``until_us`` (wall clock) ends them, ``tell`` hears progress."""

    producer: FactProducer
    wall_of: WallOf
    tell: Tell = untold
    until_us: int | None = None

    def run(self, records: Iterable[Outgoing], stop: threading.Event) -> Fed:
        """Sends every record when it is due, until ``stop`` is set; all of it is acknowledged on return."""
        fed = Fed()
        began, told = time.monotonic(), time.monotonic()
        start_us = now_us()
        for record in records:
            wall_us = self.wall_of(record.due_us)
            if fed.catch_up_seconds == 0 and wall_us > start_us:
                self._caught_up(fed, began)
            if not self._wait(wall_us, stop):
                fed.stopped = stop.is_set()
                break
            self.producer.send(record)
            fed.add(record)
            if time.monotonic() - told > _TELL_EVERY_SECONDS:
                told = time.monotonic()
                self.tell(f"{fed.records:,} facts so far")
        if fed.catch_up_seconds == 0:
            self._caught_up(fed, began)
        self.producer.flush()
        fed.seconds = time.monotonic() - began
        return fed

    def _caught_up(self, fed: Fed, began: float) -> None:
        self.producer.flush()
        fed.catching_up = fed.records
        # Never exactly zero, which would mean "not yet".
        fed.catch_up_seconds = max(time.monotonic() - began, 1e-6)
        if fed.catching_up:
            rate = fed.catching_up / fed.catch_up_seconds
            self.tell(f"{fed.catching_up:,} facts of the past in {fed.catch_up_seconds:.1f} s ({rate:,.0f} a second)")

    def _wait(self, wall_us: int, stop: threading.Event) -> bool:
        """True once the record is due; False when it was stopped, or its time is over, before that."""
        while not stop.is_set():
            now = now_us()
            if self.until_us is not None and now >= self.until_us:
                return False
            if now >= wall_us:
                return True
            nearest = wall_us if self.until_us is None else min(wall_us, self.until_us)
            stop.wait(min((nearest - now) / 1e6, _LONGEST_WAIT_SECONDS))
        return False


class FeedThread(threading.Thread):
    """Runs a feed beside something else: ``fed`` is its outcome once it has ended, or ``error`` what ended it."""

    def __init__(self, run: Callable[[threading.Event], Fed], name: str = "feed") -> None:
        super().__init__(name=name, daemon=True)
        self._run = run
        self.stopping = threading.Event()
        self.fed: Fed | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.fed = self._run(self.stopping)
        except Exception as error:  # noqa: BLE001 - handed to whoever joins, who raises it there
            self.error = error

    def finish(self, timeout: float = 70.0) -> Fed:
        """Stops the feed, waits for its last acknowledgement and gives its outcome; raises what ended it badly."""
        self.stopping.set()
        self.join(timeout)
        if self.error is not None:
            raise self.error
        if self.fed is None:
            raise TimeoutError(f"the {self.name} did not end within {timeout:.0f} s")
        return self.fed


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of ending the process in the middle of a batch."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
