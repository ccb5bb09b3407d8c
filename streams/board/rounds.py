"""One round of reading: brings the holdings up to what Redis says now."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
from redis import RedisError

from processors.owners import is_operator
from processors.times import SECOND_US
from schemas.kpis import SiteHour
from schemas.redis_keys import SNAPSHOT_LIFE_S, snapshot_key
from streams.board.freshness import as_of_us
from streams.board.holdings import Beat, Glance, HeldHour, Holdings
from streams.board.reader import Reader, SiteHourName
from streams.board.windows import kept_since_us, recent_hours

Hint = tuple[str, str, int]
"""A key that changed: (level, id, hour start in us)."""

WALK_EVERY_US = 30 * SECOND_US
OLD_HOURS_EVERY_US = 10 * SECOND_US
PEOPLE_EVERY_US = 5 * SECOND_US
SETTLED_AFTER_US = 10 * SECOND_US
"""So long after marker or heartbeats were last missing or new, a record that is gone has expired."""
PEOPLE_PER_SECOND = 1000
"""A floor of more than 5,000 people is read again less often, so that Redis always spends the same on the board."""

_SITE_HOUR = msgspec.json.Decoder(SiteHour)
_GLANCE = msgspec.json.Decoder(Glance)


async def read_workers(reader: Reader, holdings: Holdings, now_us: Callable[[], int]) -> bool:
    """Reads marker and heartbeats; True where they say that nothing has happened to Redis or to a worker.

    Raises what the reader does while Redis is away.
    """
    text, marker = await reader.marker()
    is_same = text is not None and text == holdings.marker_text
    # A marker that has gone says that Redis came back empty: the last one still tells which partitions to expect.
    holdings.marker_text, holdings.marker = text, marker or holdings.marker
    if holdings.marker is None:
        return False
    read = await reader.heartbeats(holdings.marker.partitions)
    now = now_us()
    for number, heartbeat in read.items():
        with suppress(ValueError):
            holdings.beats[number] = Beat.of(heartbeat, now)
    return is_same and len(read) == holdings.marker.partitions


class Rounds:
    """Reads round after round into `holdings`.

    Every round: marker, heartbeats, the running and the previous hour of every site, and whatever was hinted at. Less
    often: older hours, the people, and a walk through all keys for sites and hours that nobody hinted at.
    """

    def __init__(self, reader: Reader, holdings: Holdings, now_us: Callable[[], int]) -> None:
        self.reader = reader
        self.holdings = holdings
        self.now_us = now_us
        self._known: set[SiteHourName] = set()
        self._values: dict[SiteHourName, bytes] = {}
        self._last: dict[str, int] = {}
        self._unsettled_us = 0

    async def turn(self, hinted: Iterable[Hint] = ()) -> None:
        """One round. Redis away is noted in the holdings, never raised."""
        began = self.now_us()
        hints = list(hinted)
        try:
            if not await read_workers(self.reader, self.holdings, self.now_us):
                self._unsettled_us = began
            await self._site_hours(
                {(identity, hour) for level, identity, hour in hints if level == "site"},
                began,
            )
            await self._people(
                {(hour, owner) for level, owner, hour in hints if level == "operator"},
                began,
            )
        except (RedisError, OSError):
            if self.holdings.lost_us is None:
                self.holdings.lost_us = began
            # What was hinted at meanwhile is unknown: once Redis answers again, everything is read.
            self._last.clear()
        else:
            self.holdings.lost_us, self.holdings.read_us = None, self.now_us()

    async def _site_hours(self, hinted: set[SiteHourName], now: int) -> None:
        if self._due("walk", WALK_EVERY_US, now) or not self._known:
            self._known = await self.reader.site_hours()
        self._known |= hinted
        wanted = hinted | (self._known - self._values.keys()) | self._running(now)
        if self._due("old", OLD_HOURS_EVERY_US, now):
            wanted |= self._known | self._values.keys()
        names = sorted(self._worth_reading(wanted, now))
        keys = [snapshot_key(self.reader.prefix, "site", site, hour) for site, hour in names]
        for name, value in zip(names, await self.reader.read(keys), strict=True):
            self._take(name, value)

    def _running(self, now: int) -> set[SiteHourName]:
        zones = ((site, self.holdings.zone(site)) for site in {site for site, _ in self._known})
        return {(site, hour.start_us) for site, zone in zones for hour in recent_hours(now, zone, 2)}

    def _worth_reading(self, wanted: set[SiteHourName], now: int) -> set[SiteHourName]:
        """Hours of the last two days, and of each site the latest, which says when it was last at work."""
        since = kept_since_us(now, SNAPSHOT_LIFE_S + 2 * 3600)
        latest: dict[str, int] = {}
        for site, hour in self._known:
            latest[site] = max(hour, latest.get(site, hour))
        return {(site, hour) for site, hour in wanted if hour >= since or latest.get(site) == hour}

    def _take(self, name: SiteHourName, value: bytes | None) -> None:
        site, hour_us = name
        if value is None:
            # Redis may be an emptied one, which workers are filling again: what was read stands until all is quiet.
            if abs(self.now_us() - self._unsettled_us) >= SETTLED_AFTER_US:
                self._values.pop(name, None)
                self._known.discard(name)
                self.holdings.drop(site, hour_us)
            return
        if self._values.get(name) == value:
            return
        try:
            held = HeldHour.of(_SITE_HOUR.decode(value))
        except ValueError:
            return
        self._values[name] = value
        self.holdings.sites.setdefault(site, {})[hour_us] = held

    async def _people(self, hinted: set[tuple[int, str]], now: int) -> None:
        at = as_of_us(self.holdings, now)
        hours = {hour.start_us for zone in self.holdings.zones() for hour in recent_hours(at, zone, 2)}
        seen = self.holdings.glances
        for gone in seen.keys() - hours:
            del seen[gone]
        pause = sum(map(len, seen.values())) * SECOND_US // PEOPLE_PER_SECOND
        whole = self._due("people", max(PEOPLE_EVERY_US, pause), now)
        for hour_us in sorted(hours):
            owners = {owner for hour, owner in hinted if hour == hour_us}
            if whole:
                owners |= await self.reader.owners(hour_us)
            people = sorted(filter(is_operator, owners))
            keys = [snapshot_key(self.reader.prefix, "operator", owner, hour_us) for owner in people]
            for owner, value in zip(people, await self.reader.read(keys), strict=True):
                self._glance(hour_us, owner, value)

    def _glance(self, hour_us: int, owner: str, value: bytes | None) -> None:
        if value is None:
            return
        try:
            self.holdings.glances.setdefault(hour_us, {})[owner] = _GLANCE.decode(value)
        except msgspec.MsgspecError:
            return

    def _due(self, what: str, every_us: int, now: int) -> bool:
        # Also after a clock that was set back, hence the distance and not the order.
        if what in self._last and abs(now - self._last[what]) < every_us:
            return False
        self._last[what] = now
        return True
