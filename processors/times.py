"""Instants and durations as text and as whole microseconds.

Inside, an instant is an ``int`` of microseconds since 1970-01-01T00:00:00Z and a duration an ``int`` of microseconds:
sums then do not depend on their order.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US

LONGEST_DURATION_SECONDS = 30 * 24 * 3600
"""Durations above thirty days are no talk times: they are refused as out of range."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONE_US = Decimal("0.000001")
_MINUTE_TEXT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d", re.ASCII)
_SECOND_TEXT = re.compile(r":\d\d", re.ASCII)
_REST_TEXT = re.compile(r"(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))?", re.ASCII)
_NO_TIME = "is no RFC 3339 time, such as 2026-11-23T13:42:07.120+01:00"


class NoTime(ValueError):
    """A text is no RFC 3339 time; says why."""


class NoOffset(NoTime):
    """A time would do, but that it lacks its offset."""


def _minute_us(text: str) -> int:
    """The microseconds of ``2026-11-23T13:42``, read as UTC."""
    if not _MINUTE_TEXT.fullmatch(text):
        raise NoTime(_NO_TIME)
    if not "1973" <= text[:4] < "2200":
        raise NoTime("lies outside the years 1973 to 2199")
    try:
        return (datetime.fromisoformat(text.upper()).replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
    except ValueError:
        raise NoTime("names a date or a time of day that does not exist") from None


def _second_us(text: str) -> int:
    """The microseconds of ``:07``."""
    if not _SECOND_TEXT.fullmatch(text):
        raise NoTime(_NO_TIME)
    if text > ":59":
        raise NoTime("names a second that no clock here has (leap seconds are not taken)")
    return int(text[1:]) * SECOND_US


def _rest_us(text: str) -> int:
    """The microseconds that ``.120+01:00`` adds to its second read as UTC."""
    parts = _REST_TEXT.fullmatch(text)
    if not parts:
        raise NoTime(_NO_TIME)
    fraction, utc, sign, hours, minutes = parts.groups()
    if fraction and len(fraction) > 6:
        raise NoTime("has more than six decimals; microseconds are the finest that is held")
    if utc is None and sign is None:
        raise NoOffset("has no offset; write Z or one like +01:00")
    us = int((fraction or "").ljust(6, "0"))
    if sign is None:
        return us
    if int(hours) > 23 or int(minutes) > 59:
        raise NoTime("has an offset that no zone has")
    offset = (int(hours) * 60 + int(minutes)) * MINUTE_US
    return us - offset if sign == "+" else us + offset


class _Known(dict[str, int]):
    """A bounded memory of parsed texts: facts of one moment repeat their minutes, and all of them repeat the rest."""

    def __init__(self, parse: object, bound: int) -> None:
        super().__init__()
        self._parse = parse
        self._bound = bound

    def __missing__(self, text: str) -> int:
        us: int = self._parse(text)  # type: ignore[operator]
        if len(self) >= self._bound:
            self.clear()
        self[text] = us
        return us


_MINUTES = _Known(_minute_us, 50_000)
_SECONDS = _Known(_second_us, 60)
_RESTS = _Known(_rest_us, 50_000)


def parse_time(text: str) -> int:
    """An RFC 3339 time with an offset, as microseconds since the epoch.

    Raises NoOffset where only the offset is missing, else NoTime (both ValueError), whose text says what is wrong.
    Digits beyond microseconds are refused rather than rounded, which could move a fact into the next hour.
    """
    # Three small tables stay in a processor's cache, where one of all seconds with their fractions would not.
    return _MINUTES[text[:16]] + _SECONDS[text[16:19]] + _RESTS[text[19:]]


@lru_cache(maxsize=1 << 14)
def format_time(us: int) -> str:
    """``2026-11-23T13:00:00Z``, with as many decimals as the instant needs (none, three or six)."""
    moment = _EPOCH + timedelta(microseconds=us)
    fraction = us % SECOND_US
    precision = "seconds" if fraction == 0 else "milliseconds" if fraction % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


@lru_cache(maxsize=1 << 10)
def format_millis(us: int) -> str:
    """``2026-11-23T13:42:07.120Z``: always three decimals, rounded down."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def duration_us(seconds: float) -> int | None:
    """Whole microseconds of a duration decoded as a float; None where only its decimal text tells how to round.

    A float holds a decimal of up to thirty days to well under a hundredth of a microsecond, so only what lies that
    close to a half needs the text (see ``exact_duration_us``).
    """
    scaled = seconds * 1e6
    whole = round(scaled)
    return whole if -0.49 < scaled - whole < 0.49 else None


def exact_duration_us(seconds: Decimal) -> int:
    """Whole microseconds of a decimal duration; half a microsecond rounds to even."""
    # Quantized first: a product would be rounded to the context's digits, and rounding twice may cross a half.
    return int(seconds.quantize(_ONE_US, ROUND_HALF_EVEN).scaleb(6))


def to_datetime(us: int, zone: timezone = UTC) -> datetime:
    """The instant as an aware datetime in ``zone``."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone)


def from_datetime(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND
