"""What the board has read from Redis, as plain values: the only input of everything that it shows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec

from processors.rollup import MAIN_SITE
from processors.times import parse_time
from schemas.kpis import SiteHour, Slots
from schemas.redis_keys import Heartbeat, Marker


class Glance(msgspec.Struct):
    """As much of an operator-hour record as the wall needs of each person: the rest is skipped while decoding."""

    owner: str
    site_id: str | None
    slots: Slots

    @property
    def site(self) -> str:
        """The site whose hour this record adds to."""
        return self.site_id or MAIN_SITE


@dataclass(frozen=True, slots=True)
class Beat:
    """A partition's last known sign of life; it stays as it was when its key has gone. `worker` is `host:port`."""

    at_us: int
    lag: int
    last_fact_us: int | None
    worker: str = ""

    @classmethod
    def of(cls, heartbeat: Heartbeat, read_us: int) -> "Beat":
        """The beat that a heartbeat's JSON states. Raises ValueError for a time that is none.

        A worker whose clock is ahead was alive when it was read, and not later.
        """
        last = None if heartbeat.last_fact is None else parse_time(heartbeat.last_fact)
        return cls(min(parse_time(heartbeat.at), read_us), heartbeat.lag, last, heartbeat.worker)


@dataclass(frozen=True, slots=True)
class HeldHour:
    """A site-hour record with its instants read once."""

    start_us: int
    end_us: int
    record: SiteHour

    @classmethod
    def of(cls, record: SiteHour) -> "HeldHour":
        """Raises ValueError for a time that is none."""
        return cls(parse_time(record.hour_start), parse_time(record.hour_end), record)


@dataclass(slots=True)
class Holdings:
    """All that was read so far.

    `sites`: site id -> hour start (us) -> record. `glances`: hour start (us) -> owner -> glance. `read_us` is when
    Redis last answered, `lost_us` since when it does not; the rest then stays as it was. `marker_text` is the marker
    to the letter, which is another one after Redis was emptied.
    """

    default_zone: str
    marker: Marker | None = None
    marker_text: bytes | None = None
    beats: dict[int, Beat] = field(default_factory=dict)
    sites: dict[str, dict[int, HeldHour]] = field(default_factory=dict)
    glances: dict[int, dict[str, Glance]] = field(default_factory=dict)
    read_us: int | None = None
    lost_us: int | None = None

    def zone_of(self, site: str) -> str:
        """The IANA zone of a site: what its latest record says, else what the worker was set to."""
        hours = self.sites.get(site)
        if hours:
            named = hours[max(hours)].record.time_zone
            if named is not None:
                return named
        if self.marker is None:
            return self.default_zone
        return self.marker.site_time_zones.get(site, self.marker.time_zone)

    def zone(self, site: str) -> ZoneInfo:
        """The same, as a zone."""
        return ZoneInfo(self.zone_of(site))

    def drop(self, site: str, hour_us: int) -> None:
        """Forgets a record that is no longer there, and a site without any."""
        hours = self.sites.get(site, {})
        hours.pop(hour_us, None)
        if not hours:
            self.sites.pop(site, None)

    def zones(self) -> list[ZoneInfo]:
        """The distinct zones of every site that has records, the system's own one included."""
        own = self.marker.time_zone if self.marker else self.default_zone
        return [ZoneInfo(name) for name in sorted({own, *map(self.zone_of, self.sites)})]

    def hours_of(self, sites: Iterable[str]) -> list[HeldHour]:
        """Every record of these sites, in order of time."""
        found = [held for site in sites for held in self.sites.get(site, {}).values()]
        return sorted(found, key=lambda held: held.start_us)
