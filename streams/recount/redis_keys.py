"""Redis as boards read it, compared with the recount."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from processors.times import SECOND_US
from schemas.redis_keys import SNAPSHOT_LIFE_S, hour_key, parse_hour_key, parse_snapshot_key, snapshot_key
from streams.errors import UserError
from streams.recount.comparing import ABSENT, Finding, compare, missing, superfluous
from streams.recount.expected import LEVEL_TOPICS, Expected, Records
from streams.recount.hours import Whole
from streams.recount.report import Difference
from streams.settings import Settings

CHUNK = 500
ANSWER_WITHIN_S = 10.0
EXPIRING_S = 60
"""A key that has no longer to live may just be gone."""

REDIS = "redis"


class RedisKeys:
    """The snapshots and the hours' sets of owners in Redis, at the last ``read``.

    Every method raises UserError where Redis does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.prefix
        self._client: Any = redis.Redis.from_url(
            settings.redis_url,
            socket_timeout=ANSWER_WITHIN_S,
            socket_connect_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        self.snapshots: dict[str, bytes] = {}
        self.owners: dict[str, set[str] | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._client.close()

    def read(self) -> None:
        """Reads every key anew."""
        try:
            self._read()
        except (redis.RedisError, OSError) as error:
            raise UserError(
                f"Redis does not answer ({type(error).__name__}): start it, or correct DIALPULSE_REDIS_URL; "
                "see dialpulse doctor",
                exit_code=1,
            ) from None

    def _read(self) -> None:
        # SCAN gives a key twice where the server resizes meanwhile.
        names = sorted({name.decode(errors="replace") for name in self._client.scan_iter(self._pattern(), count=1000)})
        snapshots = [name for name in names if self._level(name) is not None]
        self.snapshots = {}
        for start in range(0, len(snapshots), CHUNK):
            chunk = snapshots[start : start + CHUNK]
            values = self._client.mget(chunk)
            self.snapshots |= {name: value for name, value in zip(chunk, values, strict=True) if value is not None}
        sets = [name for name in names if name.startswith(self._root("hour"))]
        pipeline = self._client.pipeline(transaction=False)
        for name in sets:
            pipeline.smembers(name)
        answers = pipeline.execute(raise_on_error=False)
        self.owners = {
            name: {owner.decode(errors="replace") for owner in answer} if isinstance(answer, set) else None
            for name, answer in zip(sets, answers, strict=True)
        }

    def _root(self, kind: str) -> str:
        return f"{self._prefix}dialpulse:v1:{kind}:"

    def _pattern(self) -> str:
        prefix = "".join(f"\\{sign}" if sign in "*?[]\\" else sign for sign in self._prefix)
        return f"{prefix}dialpulse:v1:*"

    def _level(self, name: str) -> str | None:
        """The level of a snapshot's key, also where the rest of the name is none."""
        return next((level for level in LEVEL_TOPICS if name.startswith(self._root(level))), None)

    def entries(self) -> set[tuple[str, str]]:
        """(``redis``, name) of every key."""
        return {(REDIS, name) for name in (*self.snapshots, *self.owners)}

    def findings(self, records: Records, whole: Whole, now_us: int) -> Iterator[Finding]:
        """What differs, in the hours that could be recounted; ``now_us`` decides what must not have expired."""
        wanted = {self._key(record): record for record in records if whole.holds(record.hour_us)}
        for name, record in wanted.items():
            value = self.snapshots.get(name)
            if value is not None:
                yield from compare(REDIS, name, value, record)
            elif must_stand(record, now_us):
                yield missing(REDIS, name, record)
        for name, value in self.snapshots.items():
            parsed = parse_snapshot_key(self._prefix, name)
            if name not in wanted and (parsed is None or whole.holds(parsed[2])):
                yield superfluous(REDIS, name, value)
        yield from self._owner_findings(records, whole, now_us)

    def _key(self, record: Expected) -> str:
        return snapshot_key(self._prefix, record.level, record.id, record.hour_us)

    def _owner_findings(self, records: Records, whole: Whole, now_us: int) -> Iterator[Finding]:
        known: dict[str, set[str]] = {}
        needed: dict[str, set[str]] = {}
        for record in records.by_topic[LEVEL_TOPICS["operator"]].values():
            if whole.holds(record.hour_us):
                name = hour_key(self._prefix, record.hour_us)
                known.setdefault(name, set()).add(record.id)
                if must_stand(record, now_us):
                    needed.setdefault(name, set()).add(record.id)
        for name in sorted(known.keys() | self.owners.keys()):
            hour_us = parse_hour_key(self._prefix, name)
            if hour_us is None or whole.holds(hour_us):
                yield from self._of_one_hour(name, known.get(name, set()), needed.get(name, set()))

    def _of_one_hour(self, name: str, known: set[str], needed: set[str]) -> Iterator[Finding]:
        there = self.owners.get(name, set())
        if there is None:
            yield Finding(Difference(REDIS, name, "the key", "no set", "the set of the hour's owners"))
            return
        for owner in sorted(needed - there):
            yield Finding(Difference(REDIS, name, f"owner {owner}", ABSENT, "a member"))
        for owner in sorted(there - known):
            yield Finding(Difference(REDIS, name, f"owner {owner}", "a member", ABSENT), is_ahead=True)


def must_stand(record: Expected, now_us: int) -> bool:
    """Whether a record cannot have expired: 48 h after the later of its hour's end and its writing.

    It was written after its last fact arrived. When exactly, nobody can tell: repeated facts publish it again, and
    leave its key as it is.
    """
    lives_until_us = max(record.end_us, record.changed_us) + SNAPSHOT_LIFE_S * SECOND_US
    return lives_until_us > now_us + EXPIRING_S * SECOND_US
