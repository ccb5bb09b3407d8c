"""The Redis sink's side of the wire: one script, sent by its digest, over connections that are counted."""

import itertools
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import msgspec
from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from schemas.redis_keys import HEARTBEAT_LIFE_S, heartbeat_key, hour_key, marker_key, snapshot_key, updates_channel
from streams.sinks.redis_waiting import Snapshot

SOCKET_TIMEOUT_S = 2.0
SCRIPT = (Path(__file__).parent / "redis_script.lua").read_text(encoding="utf-8")
_DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
_Row = tuple[str, str, int, str, str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one round.

    ``missing``: there was no marker; ``marker``: the one that stands now; ``written``: records that were of a greater
    revision; ``refused``: places (from 0) of the records that failed alone, ``trouble`` says of what.
    """

    missing: bool
    marker: bytes
    written: int
    trouble: str
    refused: list[int]


# Where in the script it happened, as Redis 6 puts it before its words and Redis 7 behind them.
_PLACE = re.compile(
    r"Error running script \(call to \w+\): |@?user_script: ?\d+: -?| script: \w+, on @user_script:\d+\.?"
)


def words_of(error: Exception) -> str:
    """An error of the client's in one line, the same words for the same trouble."""
    return f"{type(error).__name__}: {' '.join(_PLACE.sub('', str(error)).split())}"


class Server:
    """One Redis. ``connections`` counts how often it was connected to: behind a new one may be another data set."""

    def __init__(self, url: str, prefix: str, marker: bytes) -> None:
        """Raises ValueError where ``url`` is no Redis URL or ``marker`` no JSON object with fields."""
        fields = msgspec.json.decode(marker, type=dict[str, msgspec.Raw])
        if not fields:
            raise ValueError("the marker is a JSON object with at least one field")
        self.connections = 0
        self._prefix = prefix
        # The settings first, then what tells this filling from every other: see `write`.
        self._settings = msgspec.json.encode(fields)[:-1] + b',"filled":"'
        self._run = secrets.token_hex(8)
        self._numbers = itertools.count()
        self._client = Redis.from_url(
            url,
            protocol=2,
            socket_timeout=SOCKET_TIMEOUT_S,
            socket_connect_timeout=SOCKET_TIMEOUT_S,
            # The sink itself knows best when to try again, and must hear of every failure.
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=self._connected,
        )

    async def write(self, snapshots: Iterable[Snapshot], beats: Mapping[int, bytes], *, claim: bool) -> Answer:
        """Sends one round and tells what came of it; ``claim`` replaces a marker of other settings.

        Each marker ever written differs from all others. So every worker sees that Redis was emptied, also when
        another one was the first to notice and to set the marker again.

        Raises whatever the client does when Redis is away or takes no writes; any part may have been done by then.
        """
        fresh = self._settings + f'{self._run}-{next(self._numbers)}"}}'.encode()
        prefix = self._prefix
        heartbeats = [(heartbeat_key(prefix, part), beat.decode(), HEARTBEAT_LIFE_S) for part, beat in beats.items()]
        payload = msgspec.msgpack.encode((heartbeats, [self._row(snapshot) for snapshot in snapshots]))
        names = (marker_key(prefix), updates_channel(prefix))
        arguments = (*names, fresh, self._settings if claim else b"", payload)
        try:
            raw = await self._client.evalsha(_DIGEST, 1, *arguments)
        except NoScriptError:
            await self._client.script_load(SCRIPT)
            raw = await self._client.evalsha(_DIGEST, 1, *arguments)
        missing, marker, written, trouble, refused = raw
        return Answer(bool(missing), marker, written, trouble.decode(), [number - 1 for number in refused])

    async def close(self) -> None:
        """Closes the connection."""
        await self._client.aclose()

    def _row(self, snapshot: Snapshot) -> _Row:
        prefix, level, identity, hour = (self._prefix, snapshot.level, snapshot.id, snapshot.hour_start_us)
        hour_set, owner = (hour_key(prefix, hour), identity) if level == "operator" else ("", "")
        key = snapshot_key(prefix, level, identity, hour)
        # As text: Redis' own msgpack knows no binary strings.
        return (key, snapshot.revision, snapshot.expires_at, snapshot.value.decode(), hour_set, owner)

    async def _connected(self, connection: Connection) -> None:
        await connection.on_connect()
        self.connections += 1
