"""Keeps the holdings fresh for as long as the board runs, and wakes those who wait for news."""

import asyncio
import contextlib
import logging

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
    """Rounds for ever: at every hint, and at least once a second."""

    def __init__(self, reader: Reader, rounds: Rounds) -> None:
        self.rounds = rounds
        self.turns = 0
        self._reader = reader
        self._hints: set[Hint] = set()
        self._hinted = asyncio.Event()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Reads until cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                hints, self._hints = self._hints, set()
                self._hinted.clear()
                await self._turn(hints)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hinted.wait(), POLL_S)
                    await asyncio.sleep(GATHER_S)
        finally:
            listening.cancel()

    async def news(self, timeout_s: float) -> None:
        """Returns after the next round, or after `timeout_s` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout_s)

    async def _turn(self, hints: set[Hint]) -> None:
        try:
            await self.rounds.turn(hints)
        except Exception:
            # A record that breaks the reader must not stop the wall for good: the next round may read it well.
            log.exception("a round of reading failed")
        self.turns += 1
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError):
                channel = await self._reader.hints()
                async with contextlib.aclosing(channel):
                    await self._hear(channel)
            await asyncio.sleep(SUBSCRIBE_AGAIN_S)

    async def _hear(self, channel: object) -> None:
        while True:
            message = await channel.get_message(timeout=POLL_S)  # type: ignore[attr-defined]
            if message is not None and isinstance(message["data"], bytes):
                self._hints.update(decode_hint(self._reader.prefix, message["data"]))
                self._hinted.set()
