"""Keeps Redis equal to the pages' folds, whatever happens to Redis, and never lets the stream wait for it."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator

from streams.sinks.redis_events import SinkEvents, Unheard
from streams.sinks.redis_server import Answer, Server, words_of
from streams.sinks.redis_waiting import Snapshot, Waiting

__all__ = ["RedisSink", "SinkEvents", "Snapshot", "Unheard"]

PENDING_LIMIT = 30_000
ROUND_RECORDS = 256
ROUND_BYTES = 640_000
IDLE_S = 1.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 1.0
# How long `everything` may be asked for more at one stretch: folding pages holds up the event loop.
SLICE_S = 0.005


class RedisSink:
    """Writes the latest snapshot of each key, and all of them again whenever Redis may have lost some.

    ``clock`` gives epoch seconds. ``marker`` is the JSON of the settings; the sink adds a field ``filled`` to it, other
    at every filling. ``everything`` iterates over all snapshots that may be unexpired, those first that matter most;
    pages may change between two steps of it, and one step should take well under a millisecond.

    All methods are called in the event loop that runs `run`. Raises ValueError for a malformed URL or marker.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        *,
        clock: Callable[[], float],
        marker: bytes,
        everything: Callable[[], Iterator[Snapshot]],
        events: SinkEvents | None = None,
        pending_limit: int = PENDING_LIMIT,
    ) -> None:
        self._server = Server(url, prefix, marker)
        self._clock = clock
        self._everything = everything
        self._events = events or Unheard()
        self._waiting = Waiting(pending_limit)
        self._beats: dict[int, bytes] = {}
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        # Met: this connection has answered. Not met: the next round carries nothing and only asks.
        self._met = False
        self._met_connection = 0
        self._marker: bytes | None = None
        self._trouble: str | None = None
        self._refilling = False
        self._rewriting: Iterator[Snapshot] | None = None
        self._exhausted: Iterator[Snapshot] | None = None
        self._rewrite_since: float | None = None
        self._retry_refused_at = 0.0

    @property
    def pending(self) -> int:
        """How many keys wait to be written; those of a full rewriting not counted."""
        return len(self._waiting)

    @property
    def behind_seconds(self) -> float:
        """Age of the oldest change that Redis may not hold, in seconds; 0 when nothing is pending."""
        since = [moment for moment in (self._waiting.oldest, self._rewrite_since) if moment is not None]
        return max(0.0, self._clock() - min(since)) if since else 0.0

    def offer(self, snapshots: Iterable[Snapshot]) -> None:
        """Takes changed snapshots; of each key the greatest revision is kept. Never blocks, never raises."""
        self._waiting.add(snapshots, self._clock())
        if self._waiting.overflowed:
            self.rewrite()
        self._news.set()

    def heartbeat(self, partition: int, value: bytes) -> None:
        """Takes a partition's sign of life, to be written with the next round; it expires in 30 s.

        While an emptied Redis is being filled again it is held back: a board should not take the gap for a quiet
        floor.
        """
        self._beats[partition] = value
        self._news.set()

    def rewrite(self) -> None:
        """Writes everything unexpired again: after partitions were taken over, whose last owner may have left some."""
        self._rewriting = None
        self._rewrite_since = self._rewrite_since or self._clock()
        self._news.set()

    async def run(self) -> None:
        """Writes until closed or cancelled. Only an error of ``everything`` or of an event's listener ends it."""
        self._ended.clear()
        pause = FIRST_PAUSE_S
        try:
            while not self._closing.is_set():
                if await self._round():
                    pause = pause if self._trouble else FIRST_PAUSE_S
                    await self._rest()
                else:
                    await _wait(self._closing, pause)
                    pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            self._ended.set()

    async def close(self, seconds: float) -> bool:
        """Ends `run`, writes what is pending for at most ``seconds``; True if all of it was written."""
        self._closing.set()
        self._news.set()
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
                while self._waiting.ready:
                    if not await self._round():
                        await asyncio.sleep(FIRST_PAUSE_S)
        except TimeoutError:
            pass
        await self._server.close()
        return not len(self._waiting) and not self._waiting.overflowed

    async def _rest(self) -> None:
        due = self._rewrite_since is not None or (self._beats and not self._refilling)
        if self._met and not due and not self._waiting.ready:
            await _wait(self._news, IDLE_S)
        self._news.clear()

    async def _round(self) -> bool:
        """One exchange with Redis; False where it failed, everything then waits as before."""
        _stop_if_cancelled()
        probing = not self._met
        records = [] if probing else self._gather()
        beats: dict[int, bytes] = {}
        if not probing and not self._refilling:
            beats, self._beats = self._beats, {}
        began = time.perf_counter()
        answer: Answer | None = None
        try:
            answer = await self._server.write(records, beats, claim=probing)
        except Exception as error:  # noqa: BLE001 - whatever a client finds to raise, the stream must go on
            self._went_away(error)
        finally:
            if answer is None or answer.missing:
                self._beats = beats | self._beats
            if answer is None:
                self._waiting.give_back()
        if answer is None:
            return False
        self._settle(records, answer, time.perf_counter() - began)
        self._look_at(answer, probing)
        return True

    def _gather(self) -> list[Snapshot]:
        """The records of a round: what is pending first, then the next ones of a full rewriting."""
        now = self._clock()
        if time.monotonic() >= self._retry_refused_at:
            self._waiting.retry_refused()
            self._retry_refused_at = time.monotonic() + IDLE_S
        records = self._waiting.take(ROUND_RECORDS, ROUND_BYTES, now)
        if self._rewrite_since is not None and not self._closing.is_set():
            if self._rewriting is None:
                # From here on changes are kept again: those of pages that the iteration has passed.
                self._waiting.start_over()
                self._rewriting = self._everything()
            self._add_slice(records, self._rewriting, now)
        return records

    def _add_slice(self, records: list[Snapshot], rewriting: Iterator[Snapshot], now: float) -> None:
        size = sum(len(snapshot.value) for snapshot in records)
        until = time.perf_counter() + SLICE_S
        while len(records) < ROUND_RECORDS and size < ROUND_BYTES and time.perf_counter() < until:
            snapshot = next(rewriting, None)
            if snapshot is None:
                self._exhausted = rewriting
                return
            if snapshot.expires_at > now:
                records.append(snapshot)
                size += len(snapshot.value)

    def _settle(self, records: list[Snapshot], answer: Answer, seconds: float) -> None:
        self._waiting.written()
        if self._exhausted is not None and self._exhausted is self._rewriting:
            self._rewriting = self._rewrite_since = None
            self._refilling = False
        self._exhausted = None
        if records:
            self._events.wrote(answer.written, seconds)
        if answer.refused:
            refused = {place: records[place] for place in answer.refused}
            self._waiting.refuse(refused.values(), self._clock())
            self._events.refused(len(refused), answer.trouble)

    def _look_at(self, answer: Answer, probing: bool) -> None:
        """Finds out whether Redis may have lost something since the last answer."""
        emptied = answer.missing or answer.marker != self._marker
        if probing:
            self._met, self._met_connection = True, self._server.connections
        elif self._trouble is not None:
            self._trouble = None
            self._events.back()
        if self._server.connections != self._met_connection:
            self._met = False
        if emptied and self._marker is not None:
            self._events.came_back_empty()
        if emptied or probing:
            self._refilling = self._refilling or answer.missing or (emptied and self._marker is not None)
            self.rewrite()
        self._marker = answer.marker

    def _went_away(self, error: Exception) -> None:
        reason = words_of(error)
        self._met = False
        self.rewrite()
        if reason != self._trouble:
            self._trouble = reason
            self._events.away(reason)


def _stop_if_cancelled() -> None:
    # Up to Python 3.11 `wait_for`, which the client uses, can swallow a cancellation.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
