"""What the engine must be told."""

from dataclasses import dataclass, field

from faust.types.auth import CredentialsT

from streams.engine.clocks import Clock, SystemClock
from streams.engine.events import EngineEvents, NoEvents


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Settings of one worker. Times are seconds."""

    group: str
    """Consumer group."""
    brokers: tuple[str, ...]
    """Bootstrap servers as `host:port`."""
    instance_id: str | None = None
    """Static membership: a worker that comes back with it within the session gets its partitions back at once."""
    session_timeout: float = 10.0
    """Without a sign of life for so long, the group gives the worker's partitions to others. At least 6."""
    flush_interval: float = 0.2
    """Pause between flushes while the worker keeps up."""
    slow_flush_interval: float = 2.0
    """Pause between flushes while it is behind: a page is then published once for many facts. Four times as long while
    it is ten times as far behind as ``behind``."""
    behind: int = 20_000
    """Records left to read from which on the worker counts as far behind."""
    max_unflushed: int = 5_000
    """Pages touched since the last flush from which on the next batch waits for one, so that no flush is long; four
    times as many while the worker is ten times as far behind as ``behind``."""
    producer_timeout: float = 300.0
    """How long unleased records wait for a broker that is away before the worker gives up and ends."""
    credentials: CredentialsT | None = None
    """TLS and SASL, as Faust's own credential objects."""
    compression: str | None = None
    """Codec of what is written: None, gzip, snappy, lz4 or zstd."""
    clock: Clock = field(default_factory=SystemClock)
    events: EngineEvents = field(default_factory=NoEvents)
