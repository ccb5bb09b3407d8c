"""Times as a log writes them, read as instants: midnight and clock changes lie between the two.

A time of day has no date of its own. It is the one nearest to the row's start: so what goes back past midnight is the
next day's, and a second clock that is a moment behind the first stays on its day. A local time that a clock change
repeats is, likewise, the one nearest to the start; the start itself is the first of the two unless the mapping says
otherwise. A local time that a clock change skips never was, and its row is reported.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from processors.times import from_datetime
from streams.replay.language import TimeShape

_DAY = timedelta(days=1)


class UnusableTime(ValueError):
    """A row's time cannot be read; ``reason`` is what its row is reported with."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class LocalTimes:
    """Reads the times of one file, row by row."""

    def __init__(self, shape: TimeShape) -> None:
        self._shape = shape
        self._zone = ZoneInfo(shape.zone) if shape.zone else None
        # A log repeats its days and times of day; strptime is slow.
        self._parse = lru_cache(maxsize=100_000)(datetime.strptime)
        self.ambiguous_starts = 0

    def start(self, text: str, date_text: str | None) -> "RowTimes":
        """The start of a row, from which its other times are read; raises UnusableTime."""
        date = self._day(date_text)
        naive_or_aware = self._moment(text, date)
        if naive_or_aware.tzinfo is not None:
            return RowTimes(self, date, naive_or_aware)
        first, second = self._both(naive_or_aware, text)
        if first == second:
            return RowTimes(self, date, first)
        if self._shape.ambiguous == "report":
            raise UnusableTime("ambiguous_local_time", text)
        self.ambiguous_starts += 1
        return RowTimes(self, date, second if self._shape.ambiguous == "second" else first)

    def near(self, start: datetime, text: str, date: datetime | None) -> datetime:
        """The instant of a time of the same row, nearest to its start."""
        moment = self._moment(text, date)
        if moment.tzinfo is not None:
            return moment
        if date is not None:
            local_start = start.astimezone(self._zone).replace(tzinfo=None)
            moment = min((moment + _DAY * days for days in (-1, 0, 1)), key=lambda day: abs(day - local_start))
        return min(self._both(moment, text), key=lambda instant: abs(instant - start))

    def _day(self, date_text: str | None) -> datetime | None:
        if self._shape.date is None:
            return None
        try:
            return self._parse(date_text or "", self._shape.date.format)
        except ValueError:
            raise UnusableTime("unreadable_time", date_text or "") from None

    def _moment(self, text: str, date: datetime | None) -> datetime:
        try:
            moment = self._parse(text, self._shape.format)
        except ValueError:
            raise UnusableTime("unreadable_time", text) from None
        return moment if date is None else datetime.combine(date, moment.timetz())

    def _both(self, naive: datetime, text: str) -> tuple[datetime, datetime]:
        """The first and the second instant of a local time: the same one but where the clocks repeat it."""
        first, second = (naive.replace(tzinfo=self._zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first.astimezone(self._zone).replace(tzinfo=None) != naive:
            raise UnusableTime("no_such_local_time", text)
        return first, second


class RowTimes:
    """The times of one row; instants in microseconds since the epoch."""

    def __init__(self, times: LocalTimes, date: datetime | None, start: datetime) -> None:
        self._times = times
        self._date = date
        self._start = start
        self.start_us = from_datetime(start)

    def read(self, text: str) -> int:
        """The instant of one of the row's times; raises UnusableTime."""
        return from_datetime(self._times.near(self._start, text, self._date))
