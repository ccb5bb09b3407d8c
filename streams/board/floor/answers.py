"""The floor as it stands now; rows that did not change stay the same objects, so that only news is sent."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from processors.hours import Hour, hour_at
from processors.owners import partition_of
from processors.times import format_time
from schemas.redis_keys import SNAPSHOT_LIFE_S
from streams.board.alerts import Firing
from streams.board.assemble import choose_site, glances_of, rule_of
from streams.board.floor.reading import Reading
from streams.board.floor.rows import day_hour, is_something, person
from streams.board.floor.shape import Day, Floor, FloorChange, Head, Person
from streams.board.freshness import as_of_us, freshness
from streams.board.wall import Window
from streams.board.windows import hours_of_today, kept_since_us
from streams.roster import Entry, RosterFile

Asked = tuple[str | None, str | None]
"""(site, campaign) as asked for."""
Made = tuple[int, int, Entry, Person | None]
"""A row with what it was made of: its records' version, the running hour's start, and the roster's entry."""

KINDS_OF_QUESTIONS = 50
"""Sites and campaigns are named by whoever asks: rows are kept for so many of them."""


class FloorAnswers:
    """Floors and days from what the reading holds."""

    def __init__(self, reading: Reading, roster: RosterFile, firing: Firing, now_us: Callable[[], int]) -> None:
        self.reading = reading
        self.roster = roster
        self.firing = firing
        self.now_us = now_us
        self._rows: dict[Asked, dict[str, Made]] = {}

    def floor(self, asked: Asked) -> Floor:
        """Every row of a site, cut to a campaign where one is asked for."""
        holdings, now = self.reading.watch.rounds.holdings, self.now_us()
        at = as_of_us(holdings, now)
        site, members = choose_site(holdings, asked[0])
        today = hours_of_today(at, ZoneInfo(site.time_zone))
        rows = self._people(asked, set(members), today)
        teams = sorted({row.team for row in rows if row.team is not None})
        hour = today[-1]
        glances = glances_of(holdings, members, at)
        head = Head(
            now=format_time(now),
            as_of=format_time(at),
            site=site,
            conversation_rule=rule_of(holdings, members),
            freshness=freshness(holdings, {glance.owner for _, glance in glances}, now),
            campaign=asked[1],
            teams=teams,
            team_names={team: name for team, name in self.roster.now().teams.items() if team in teams},
            campaigns=self._campaigns(set(members), today),
            hour=Window(format_time(hour.start_us), format_time(hour.end_us)),
            today=Window(format_time(today[0].start_us), format_time(hour.end_us)),
            kept=Window(format_time(kept_since_us(at, SNAPSHOT_LIFE_S)), format_time(at)),
            alerts=self.firing.of_site(site.id),
        )
        return Floor(head, rows)

    def day(self, owner: str) -> Day | None:
        """An operator's hours of today by the clock of the site last worked for; None without any."""
        holdings, now = self.reading.watch.rounds.holdings, self.now_us()
        hours = self.reading.held.today.get(owner, {})
        if not hours:
            return None
        at = as_of_us(holdings, now)
        latest = hours[max(hours)]
        zone = holdings.zone(latest.site)
        today = hours_of_today(at, zone)
        mine = {start: hours[start] for start in sorted(hours) if today[0].start_us <= start < today[-1].end_us}
        mine = {start: record for start, record in mine.items() if is_something(record)}
        if not mine:
            return None
        lines = []
        for start, record in mine.items():
            hour = hour_at(start, zone)
            is_running = hour == today[-1]
            lines.append(day_hour([record], _window(hour), is_running=is_running))
        whole = Window(lines[0].window.start, lines[-1].window.end)
        return Day(
            now=format_time(now),
            operator=owner,
            team=latest.team_id,
            site=latest.site,
            time_zone=zone.key,
            campaigns=sorted({name for record in mine.values() for name in record.campaigns}),
            hours=lines,
            total=day_hour(list(mine.values()), whole, is_running=lines[-1].running),
        )

    def _people(self, asked: Asked, members: set[str], today: list[Hour]) -> list[Person]:
        held, marker = self.reading.held, self.reading.watch.rounds.holdings.marker
        if asked not in self._rows and len(self._rows) >= KINDS_OF_QUESTIONS:
            self._rows.pop(next(iter(self._rows)))
        entries, nobody = self.roster.now().operators, Entry()
        before: dict[str, Made] = self._rows.get(asked, {})
        made: dict[str, Made] = {}
        for owner, hours in held.today.items():
            version, running = held.versions[owner], today[-1].start_us
            kept, entry = before.get(owner), entries.get(owner, nobody)
            if kept is None or kept[:3] != (version, running, entry):
                partition = None if marker is None else partition_of(owner, marker.partitions)
                row = person(owner, hours, held.past.get(owner, {}), today, asked[1], partition, entry)
                # An equal row is no news, whatever its records were written anew for.
                kept = (version, running, entry, kept[3] if kept is not None and kept[3] == row else row)
            made[owner] = kept
        self._rows[asked] = made
        rows = [row for *_, row in made.values() if row is not None and row.site in members]
        return sorted(rows, key=lambda row: row.operator)

    def _campaigns(self, members: set[str], today: list[Hour]) -> list[str]:
        found: set[str] = set()
        for hours in self.reading.held.today.values():
            for start, record in hours.items():
                if start >= today[0].start_us and record.site in members:
                    found.update(record.campaigns)
        return sorted(found)


def changes(before: Floor | None, floor: Floor) -> FloorChange:
    """What is new since a floor that was sent before."""
    if before is None:
        return FloorChange(floor.head, whole=True, rows=floor.rows, gone=[])
    had = {row.operator: row for row in before.rows}
    # Rows that did not change are the same objects.
    rows = [row for row in floor.rows if had.get(row.operator) is not row]
    return FloorChange(floor.head, False, rows, sorted(had.keys() - {row.operator for row in floor.rows}))


def _window(hour: Hour) -> Window:
    return Window(format_time(hour.start_us), format_time(hour.end_us))
