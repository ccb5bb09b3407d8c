"""Reads the operators' records while somebody looks at the floor, and only then."""

import asyncio
import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from redis import RedisError

from processors.hours import hour_at
from processors.owners import is_operator
from processors.times import SECOND_US
from schemas.redis_keys import SNAPSHOT_LIFE_S, snapshot_key
from streams.board.floor.held import HeldPeople
from streams.board.freshness import as_of_us
from streams.board.rounds import Hint
from streams.board.watch import Watch
from streams.board.windows import hours_of_today, kept_since_us, recent_hours

AWAKE_US = 20 * SECOND_US
"""So long after the last question the reading goes on."""
EVERY_US = {"running": 5 * SECOND_US, "today": 30 * SECOND_US, "past": 300 * SECOND_US}
"""How often hours are read whole; in between the hints name what has changed."""
PAST_AT_ONCE = 6
"""Hours of other days in one turn, so that the first look at a large floor is not held up by them."""

log = logging.getLogger(__name__)


class Reading:
    """Brings `held` up to what Redis says; `turns` grows with each time."""

    def __init__(self, watch: Watch, now_us: Callable[[], int]) -> None:
        self.watch = watch
        self.held = HeldPeople()
        self.turns = 0
        self._now_us = now_us
        self._asked_us = -AWAKE_US
        self._asked = asyncio.Event()
        self._has_read = asyncio.Event()
        self._last: dict[int, int] = {}
        self._hints: set[Hint] = set()
        self._is_stopping = False
        watch.on_hints.append(self._hints.update)

    async def run(self) -> None:
        """Reads until `stop`."""
        while not self._is_stopping:
            if self._now_us() - self._asked_us > AWAKE_US:
                # What was hinted at while nobody looked is unknown: whoever comes gets everything anew.
                self.turns = 0
                self._last.clear()
                self._asked.clear()
                self._has_read.clear()
                await self._asked.wait()
            hints = set(self._hints)
            self._hints.clear()
            try:
                await self._turn(hints)
                self.turns += 1
            except (RedisError, OSError):
                self._last.clear()
            except Exception:
                # A record that breaks the reader must not stop the floor for good: the next round may read it well.
                log.exception("a round of reading the floor failed")
                self._last.clear()
            self._has_read.set()
            await self.watch.news(2.0)

    async def stop(self, running: "asyncio.Task[None]") -> None:
        """Ends the task of `run`."""
        # Told as well as cancelled: a redis client that is just connecting swallows the cancellation.
        self._is_stopping = True
        running.cancel()
        await asyncio.wait({running})

    async def asked(self) -> None:
        """Somebody looks: returns once today has been read at least once, or Redis does not answer."""
        self._asked_us = self._now_us()
        self._asked.set()
        await self.watch.first()
        await self._has_read.wait()

    async def _turn(self, hints: set[Hint]) -> None:
        now = self._now_us()
        at = as_of_us(self.watch.rounds.holdings, now)
        running, today, past = self._hours(at)
        self.held.keep(today, past)
        self._last = {hour: read for hour, read in self._last.items() if hour in today or hour in past}
        due = [hour for hour in sorted(today) if self._is_due(hour, "running" if hour in running else "today", now)]
        later = [hour for hour in sorted(past, reverse=True) if self._is_due(hour, "past", now)]
        # First the day, then, in the turns after it, the verdicts on other days.
        if self.turns:
            due += later[:PAST_AT_ONCE]
        for hour_us in due:
            owners = await self.watch.rounds.reader.owners(hour_us)
            await self._read(hour_us, owners, hour_us in today)
            self._last[hour_us] = now
        for hour_us in {hour for level, _, hour in hints if level == "operator"} - set(due):
            if hour_us in self._last:
                owners = {owner for level, owner, hour in hints if level == "operator" and hour == hour_us}
                await self._read(hour_us, owners, hour_us in today)

    async def _read(self, hour_us: int, owners: set[str], is_today: bool) -> None:
        reader = self.watch.rounds.reader
        people = sorted(filter(is_operator, owners))
        values = await reader.read([snapshot_key(reader.prefix, "operator", owner, hour_us) for owner in people])
        for owner, value in zip(people, values, strict=True):
            self.held.take(hour_us, owner, value, is_today=is_today)

    def _hours(self, at_us: int) -> tuple[set[int], set[int], set[int]]:
        """The starts of the running hours, of today's, and of those before, of every site's clock."""
        zones = self.watch.rounds.holdings.zones()
        running = {hour.start_us for zone in zones for hour in recent_hours(at_us, zone, 2)}
        today = {hour.start_us for zone in zones for hour in hours_of_today(at_us, zone)}
        return running & today, today, {hour for zone in zones for hour in _kept(at_us, zone)} - today

    def _is_due(self, hour_us: int, kind: str, now: int) -> bool:
        return hour_us not in self._last or abs(now - self._last[hour_us]) >= EVERY_US[kind]


def _kept(at_us: int, zone: ZoneInfo) -> list[int]:
    """The starts of the hours that Redis keeps for certain, latest first."""
    since, found = kept_since_us(at_us, SNAPSHOT_LIFE_S), []
    hour = hour_at(at_us, zone)
    while hour.end_us > since:
        found.append(hour.start_us)
        hour = hour_at(hour.start_us - 1, zone)
    return found
