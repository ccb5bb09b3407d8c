"""What every contender reads: the calls of a floor, seeded, with duplicates, corrections and some that come late."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

Keyed = tuple[bytes, bytes]
"""A record: its key, which is the operator, and its value."""

DUPLICATED, CORRECTED, LATE = 0.02, 0.02, 0.02
AGAIN_WITHIN = 20_000
"""A duplicate or a correction comes at most so many calls later."""
LATE_S = 7200
CAMPAIGNS, TEAMS = 20, 40
SITES = ("lyon", "lille", "nantes", "rennes")
HOUR_S = 3600


def last_full_hour() -> int:
    """The end of the last hour that is over (epoch seconds): facts of the days before it are not too late."""
    return int(time.time()) // HOUR_S * HOUR_S


@dataclass(frozen=True)
class Floor:
    """So many records of so many operators over so many hours, all of them before ``end_s``."""

    facts: int = 1_000_000
    operators: int = 2_000
    hours: int = 8
    seed: int = 11
    end_s: int = 0

    @property
    def calls(self) -> int:
        """How many calls the records speak of."""
        return round(self.facts / (1 + DUPLICATED + CORRECTED))


def records(floor: Floor) -> Iterator[Keyed]:
    """Exactly ``floor.facts`` records in the order in which they would come."""
    again: dict[int, list[Keyed]] = {}
    left = floor.facts
    record = (b"", b"")
    for number, (record, repeat, later) in enumerate(_calls(floor)):
        for one in (record, *again.pop(number, ())):
            if left:
                left -= 1
                yield one
        if repeat is not None:
            again.setdefault(number + later, []).append(repeat)
    for number in sorted(again):
        for one in again[number]:
            if left:
                left -= 1
                yield one
    # What was drawn more seldom than on average is made up for by duplicates of the last call.
    yield from [record] * left


def _calls(floor: Floor) -> Iterator[tuple[Keyed, Keyed | None, int]]:
    """Each call with what is said of it again, if anything, and how many calls later."""
    chance = random.Random(floor.seed).random
    seconds = floor.hours * HOUR_S
    # One text per second: cheaper than a date per fact. Calls end up to eleven minutes later.
    texts = [_text(floor.end_s - seconds + second) for second in range(seconds + 700)]
    people = [_person(number) for number in range(floor.operators)]
    for number in range(floor.calls):
        second = number * seconds // floor.calls
        if chance() < LATE:
            second = max(0, second - int(chance() * LATE_S))
        which = int(chance() * floor.operators)
        key, person = people[which]
        start = (
            f'{{"call_id":"{floor.seed:03d}-{number:08d}",{person},'
            f'"campaign_id":"autumn-{(which + second // HOUR_S) % CAMPAIGNS:02d}",'
            f'"lead_id":"lead-{int(chance() * 10_000_000):07d}","started_at":"{texts[second]}",'
        )
        record = key, (start + _rest(texts, second, chance(), chance(), 0)).encode()
        repeated, later = chance(), 1 + int(chance() * AGAIN_WITHIN)
        if repeated < DUPLICATED:
            yield record, record, later
        elif repeated < DUPLICATED + CORRECTED:
            yield record, (key, (start + _rest(texts, second, 1.0, chance(), 1)).encode()), later
        else:
            yield record, None, 0


def _person(number: int) -> tuple[bytes, str]:
    """An operator's key, and the part of a record that says who it is."""
    name, team = f"op-{number:05d}", number % TEAMS
    return name.encode(), f'"operator_id":"{name}","team_id":"team-{team:02d}","site_id":"{SITES[team % len(SITES)]}"'


def _rest(texts: list[str], second: int, luck: float, length: float, version: int) -> str:
    """How the call went: nobody, a machine, or a person who listened for a while."""
    rings = 5 + int(length * 25)
    if luck < 0.5:
        said, tenths, by = "", 0, "unknown"
    else:
        said = f'"answered_at":"{texts[second + rings]}",'
        tenths, by = (int(length * 50), "machine") if luck < 0.65 else (int(length * 6000), "human")
    return (
        f'{said}"ended_at":"{texts[second + rings + tenths // 10]}","answered_by":"{by}",'
        f'"talk_seconds":{tenths // 10}.{tenths % 10},"version":{version}}}'
    )


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
