"""A row per operator: the running hour's counts, the rolling hour, and the rates of the day so far."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from processors.owners import is_operator
from processors.rollup import MAIN_SITE
from processors.times import SECOND_US, parse_time
from schemas.kpis import OperatorHour
from streams.board.holdings import Holdings
from streams.board.reader import Reader
from streams.board.rounds import read_workers
from streams.board.sums import Sum
from streams.board.wall import Ratio
from streams.board.windows import (
    hours_of_today,
    recent_hours,
    rolling_starts,
    slot_sums,
)

PAST_HOURS_EVERY_US = 15 * SECOND_US
"""Hours that are over change rarely, so they are read again less often."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operator. `calls`, `conversations`, `appointments` are the running hour's; rates are the day's."""

    operator: str
    site: str
    team: str
    calls: int
    conversations: int
    appointments: int
    rolling_calls: int
    rolling_conversations: int
    contact_rate: Ratio
    appointments_per_conversation: Ratio
    updated_us: int


def rows_of(records: Iterable[OperatorHour], now_us: int) -> list[Row]:
    """The operators with a record today or in the rolling hour, each by the clock of its own site."""
    mine: dict[str, list[OperatorHour]] = defaultdict(list)
    for record in records:
        if is_operator(record.owner):
            mine[record.owner].append(record)
    return [_row(owner, sorted(found, key=_start_us), now_us) for owner, found in sorted(mine.items())]


def _row(owner: str, records: list[OperatorHour], now_us: int) -> Row:
    latest = records[-1]
    today = hours_of_today(now_us, ZoneInfo(latest.time_zone))
    day = [record for record in records if today[0].start_us <= _start_us(record) < today[-1].end_us]
    hour = _sum(record for record in day if _start_us(record) == today[-1].start_us)
    total = _sum(day)
    slots = slot_sums(
        [(_start_us(record), record.slots) for record in records],
        rolling_starts(now_us),
    )
    return Row(
        operator=owner,
        site=latest.site_id or MAIN_SITE,
        team=latest.team_id or "",
        calls=hour["calls"],
        conversations=hour["conversations"],
        appointments=hour["appointments"],
        rolling_calls=sum(slot.calls for slot in slots),
        rolling_conversations=sum(slot.conversations for slot in slots),
        contact_rate=total.ratio("contact_rate"),
        appointments_per_conversation=total.ratio("appointments_per_conversation"),
        updated_us=max(parse_time(record.emitted_at) for record in records),
    )


def _sum(records: Iterable[OperatorHour]) -> Sum:
    return Sum.over((record.counts, record.talk_seconds) for record in records)


def _start_us(record: OperatorHour) -> int:
    return parse_time(record.hour_start)


class People:
    """Reads the operators' records of today, and keeps those of hours that are over for a while."""

    def __init__(self, reader: Reader, holdings: Holdings, now_us: Callable[[], int]) -> None:
        self.reader = reader
        self.holdings = holdings
        self.now_us = now_us
        self._kept: dict[int, tuple[int, list[OperatorHour]]] = {}

    async def read(self) -> list[Row]:
        """The rows of now, in order of operator. Raises what the reader does while Redis is away."""
        await read_workers(self.reader, self.holdings, self.now_us)
        now = self.now_us()
        hours, running = self._hours(now)
        self._kept = {hour: kept for hour, kept in self._kept.items() if hour in hours}
        for hour in sorted(hours):
            if hour in running or hour not in self._kept or now - self._kept[hour][0] >= PAST_HOURS_EVERY_US:
                owners = filter(is_operator, await self.reader.owners(hour))
                self._kept[hour] = (now, await self.reader.operator_hours(owners, hour))
        return rows_of((record for _, records in self._kept.values() for record in records), now)

    def _hours(self, now: int) -> tuple[set[int], set[int]]:
        """The starts of the hours to show, of every site's clock, and which of them may change at any moment."""
        marker = self.holdings.marker
        names = {self.holdings.default_zone}
        if marker is not None:
            names = {marker.time_zone, *marker.site_time_zones.values()}
        zones = [ZoneInfo(name) for name in names]
        running = {hour.start_us for zone in zones for hour in recent_hours(now, zone, 2)}
        return running | {hour.start_us for zone in zones for hour in hours_of_today(now, zone)}, running
