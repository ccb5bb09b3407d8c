"""Whether the numbers can be believed: a stopped pipeline never looks like a quiet floor. Pure."""

from typing import Literal

from processors.owners import is_operator, partition_of
from processors.times import SECOND_US, format_time
from streams.board.holdings import Beat, Holdings
from streams.board.wall import Affected, Freshness, Partitions

SILENT_AFTER_US = 10 * SECOND_US
"""A partition whose last sign of life is older has stopped."""


def silent_partitions(holdings: Holdings, now_us: int) -> list[int]:
    """The partitions that give no sign of life, in order."""
    total = holdings.marker.partitions if holdings.marker else 0
    return [number for number in range(total) if not _alive(holdings.beats.get(number), now_us)]


def as_of_us(holdings: Holdings, now_us: int) -> int:
    """The instant that the numbers are of: now, or since when all of them stand still.

    So that a wall that froze an hour ago shows what it froze at, and not an hour without calls.
    """
    total = holdings.marker.partitions if holdings.marker else 0
    silent = [] if holdings.lost_us is not None else silent_partitions(holdings, now_us)
    if holdings.lost_us is None and (not silent or len(silent) < total):
        return now_us
    since = _since_us(holdings, silent)
    return now_us if since is None else min(since, now_us)


def freshness(holdings: Holdings, owners: set[str], now_us: int) -> Freshness:
    """The state of what is shown; `owners` are those seen in the running and the previous hour."""
    marker = holdings.marker
    people = {owner for owner in owners if is_operator(owner)}
    # While Redis is away nothing is known of the workers: the one cause is then the whole truth.
    silent = silent_partitions(holdings, now_us) if holdings.lost_us is None else []
    causes: list[Literal["redis", "heartbeat"]] = []
    if holdings.lost_us is not None:
        causes.append("redis")
    if silent:
        causes.append("heartbeat")
    stopped = people
    if marker and holdings.lost_us is None:
        stopped = {owner for owner in people if partition_of(owner, marker.partitions) in set(silent)}
    beats = [holdings.beats[number] for number in range(marker.partitions if marker else 0) if number in holdings.beats]
    lasts = [beat.last_fact_us for beat in beats if beat.last_fact_us is not None]
    return Freshness(
        state="stale" if causes else "live" if marker else "waiting",
        causes=causes,
        updated=_text(min((beat.at_us for beat in beats), default=None)),
        since=_text(_since_us(holdings, silent)),
        partitions=Partitions(marker.partitions if marker else 0, silent),
        operators=Affected(len(stopped) if causes else 0, len(people)),
        lag=sum(beat.lag for beat in beats),
        last_fact=_text(max(lasts, default=None)),
    )


def _alive(beat: Beat | None, now_us: int) -> bool:
    return beat is not None and now_us - beat.at_us <= SILENT_AFTER_US


def _since_us(holdings: Holdings, silent: list[int]) -> int | None:
    """When the numbers began to stand still: the earliest last sign of life among what has stopped."""
    if any(number not in holdings.beats for number in silent):
        return None
    ends = [holdings.beats[number].at_us for number in silent]
    if holdings.lost_us is not None:
        ends.append(holdings.lost_us if holdings.read_us is None else holdings.read_us)
    return min(ends, default=None)


def _text(us: int | None) -> str | None:
    return None if us is None else format_time(us)
