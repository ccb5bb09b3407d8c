"""A replay: a log that is read whole, put in time order and sent."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processors.hours import Clocks
from processors.reading import Reader
from streams.feeding import Fed, Feed, Tell, WallOf, untold
from streams.producing import FactProducer, Outgoing, now_us
from streams.replay.as_live import days_to_today, moved_by, moved_value
from streams.replay.csv_log import read_csv
from streams.replay.entries import Entry, Reading
from streams.replay.fact_lines import read_fact_lines
from streams.replay.judging import judge_by
from streams.replay.mapping import load_mapping
from streams.settings import Settings


@dataclass(frozen=True)
class Replay:
    """What to replay, and how: ``mapping`` None means a log of facts, ``speed`` (times real time) None at once."""

    path: Path
    mapping: str | None = None
    speed: float | None = None
    as_live: bool = False

    def read(self, settings: Settings) -> Reading:
        """Reads the log; its entries are in the order in which they are due. UserError where it cannot be read."""
        judge = judge_by(Reader(Clocks(settings.time_zone, settings.site_time_zones)), now_us())
        if self.mapping is None:
            reading = read_fact_lines(self.path, judge)
        else:
            reading = read_csv(self.path, load_mapping(self.mapping), judge)
        if self.as_live:
            reading.entries = _moved(reading, settings)
        # A stable sort: what is due at one instant stays in the file's order.
        reading.entries.sort(key=lambda entry: entry.due_us)
        return reading

    def send(
        self,
        settings: Settings,
        reading: Reading,
        stop: threading.Event,
        tell: Tell = untold,
        for_seconds: float | None = None,
    ) -> Fed:
        """Produces what was read, until its end, ``stop``, or ``for_seconds`` are over; acknowledged on return."""
        with FactProducer(settings) as producer:
            producer.require(reading.facts)
            start_us = now_us()
            until_us = None if for_seconds is None else start_us + round(for_seconds * 1e6)
            feed = Feed(producer, self._wall_of(reading, start_us), tell, until_us)
            return feed.run(_outgoing(reading.entries), stop)

    def _wall_of(self, reading: Reading, start_us: int) -> WallOf:
        first_us = reading.entries[0].due_us if reading.entries else 0

        def paced(due_us: int) -> int:
            wall_us = 0 if self.speed is None else start_us + round((due_us - first_us) / self.speed)
            return max(wall_us, due_us) if self.as_live else wall_us

        return paced


def _moved(reading: Reading, settings: Settings) -> list[Entry]:
    days = days_to_today(reading.entries, settings.zone_of, now_us())
    reading.notes.append(f"moved by {days:,} days, so that the last day is today")
    return [_moved_entry(entry, moved_by(entry, days, settings.zone_of)) for entry in reading.entries]


def _moved_entry(entry: Entry, by_us: int) -> Entry:
    at_us = None if entry.at_us is None else entry.at_us + by_us
    value = entry.value if at_us is None or entry.value is None else moved_value(entry.value, by_us)
    return entry._replace(due_us=entry.due_us + by_us, at_us=at_us, value=value)


def _outgoing(entries: list[Entry]) -> Iterator[Outgoing]:
    return (Outgoing(entry.due_us, entry.topic, entry.key, entry.value) for entry in entries)
