"""Keeps the holdings fresh for as long as the board runs, and wakes those who wait for news."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from redis import RedisError

from streams.board.reader import Reader, decode_hint
from streams.board.rounds import Hint, Rounds

POLL_S = 1.0
"""Nothing depends on the hints: without any, a round is read this often."""
GATHER_S = 0.15
"""After a hint, the rest of its flush is waited for, so that one flush is one round."""
SUBSCRIBE_AGAIN_S = 1.0

log = logging.getLogger(__name__)


class Watch:
    """Rounds for ever: at every hint, and at least once a second. `on_hints` hear what each round was hinted at."""

    def __init__(self, reader: Reader, rounds: Rounds) -> None:
        self.rounds = rounds
        self.turns = 0
        self.on_hints: list[Callable[[set[Hint]], None]] = []
        self._reader = reader
        self._hints: set[Hint] = set()
        self._hinted = asyncio.Event()
        self._news = asyncio.Event()
        self._is_stopping = False

    async def run(self) -> None:
        """Reads until `stop`."""
        listening = asyncio.create_task(self._listen())
        try:
            while not self._is_stopping:
                hints, self._hints = self._hints, set()
                self._hinted.clear()
                await self._turn(hints)
                # Not wait_for: up to Python 3.11 it can lose a cancellation, and this loop would never end.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._hinted.wait()
                if self._hinted.is_set():
                    await asyncio.sleep(GATHER_S)
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """Ends the task of `run`."""
        # Told as well as cancelled: a redis client that is just connecting swallows the cancellation.
        self._is_stopping = True
        running.cancel()
        await asyncio.wait({running})

    async def news(self, timeout_s: float) -> None:
        """Returns after the next round, or after `timeout_s` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    async def first(self) -> None:
        """Returns once Redis was asked at least once: before that nothing can be said."""
        while not self.turns:
            await self.news(POLL_S)

    async def _turn(self, hints: set[Hint]) -> None:
        try:
            await self.rounds.turn(hints)
        except Exception:
            # A record that breaks the reader must not stop the wall for good: the next round may read it well.
            log.exception("a round of reading failed")
        for told_hints in self.on_hints:
            told_hints(hints)
        self.turns += 1
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def _listen(self) -> None:
        while not self._is_stopping:
            with contextlib.suppress(RedisError, OSError):
                channel = await self._reader.hints()
                async with contextlib.aclosing(channel):
                    await self._hear(channel)
            await asyncio.sleep(SUBSCRIBE_AGAIN_S)

    async def _hear(self, channel: object) -> None:
        while not self._is_stopping:
            message = await channel.get_message(timeout=POLL_S)  # type: ignore[attr-defined]
            if message is not None and isinstance(message["data"], bytes):
                self._hints.update(decode_hint(self._reader.prefix, message["data"]))
                self._hinted.set()
