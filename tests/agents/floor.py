"""A worker's ledgers in memory, driven as the engine drives them; its clock and its progress are the test's to set.

Order, as in the engine: keep, restore, recovered; then fold and drain in turns, with ``done`` after each drain.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec

from processors.hours import Clocks
from processors.owners import partition_of
from processors.records import Meaning
from processors.rules import rule_named
from processors.times import SECOND_US, parse_time
from schemas.facts import FACT_TYPES
from schemas.kpis import CampaignHour, OperatorHour, SiteHour, TeamHour
from streams.engine.batches import Batch
from streams.engine.deliveries import Progress
from streams.engine.outgoing import Outgoing, Record
from streams.engine.unpacking import stored_batches
from streams.ledgers.pages import PageLedger, PageTopics
from streams.ledgers.rollups import RollUpLedger
from streams.sinks.kpi_topics import OperatorOutputs, RollUpOutputs
from streams.sinks.redis import Snapshot
from streams.telemetry import Telemetry
from streams.topology import CONTRIBUTIONS, OPERATOR_HOURS, PAGES_CHANGELOG, REJECTED, ROLL_UPS, ROLL_UPS_CHANGELOG
from tests.stored import unpacked, written

NOW = "2026-11-23T13:30:00Z"
HOUR = "2026-11-23T13:00:00Z"
RULE = "outcome-or-talk-20s"
PREFIX = "floor."
PARTITIONS = 4
ALL = frozenset(range(PARTITIONS))

Row = tuple[bytes | None, bytes | None, int]
"""A changelog row as it lies in the log: key, value, timestamp in milliseconds."""

RollUpHour = CampaignHour | TeamHour | SiteHour
_RECORD_TYPES: dict[str, Any] = {
    OPERATOR_HOURS: OperatorHour,
    ROLL_UPS["campaign"]: CampaignHour,
    ROLL_UPS["team"]: TeamHour,
    ROLL_UPS["site"]: SiteHour,
}


@dataclass(frozen=True)
class Fact:
    """A record of a fact topic as it lies there; ``at`` is its timestamp, the floor's present where none is given."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    at: str | None = None


def fact(topic: str, owner: str, value: dict[str, Any], *, at: str | None = None) -> Fact:
    """A record in its place: the owner's key and partition; fields that are None are left out."""
    body = msgspec.json.encode({name: what for name, what in value.items() if what is not None})
    return Fact(topic, owner.encode(), body, partition_of(owner, PARTITIONS), at)


def call(
    call_id: str, started_at: str = "2026-11-23T13:10:00Z", operator: str | None = "o1", at: str | None = None, **more
) -> Fact:
    """A call; of campaign autumn, team t1, site lyon, unless told otherwise."""
    common = {"campaign_id": "autumn", "team_id": "t1", "site_id": "lyon"} | more
    value = {"call_id": call_id, "started_at": started_at, "operator_id": operator, **common}
    return fact("dialer.calls.v1", operator or f"@{common['campaign_id']}", value, at=at)


def conversation(call_id: str, outcome: str, call_started_at: str = "2026-11-23T13:10:00Z", **more) -> Fact:
    """How the conversation of a call concluded."""
    common = {"operator_id": "o1", "campaign_id": "autumn", "team_id": "t1", "site_id": "lyon"} | more
    value = {"call_id": call_id, "call_started_at": call_started_at, "outcome": outcome, **common}
    return fact("dialer.conversations.v1", common["operator_id"], value)


@dataclass
class Told:
    """What one drain handed over, and what Redis was offered once all of it was acknowledged."""

    first: list[Outgoing] = field(default_factory=list)
    together: list[Outgoing] = field(default_factory=list)
    after: list[Outgoing] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def outgoing(self) -> list[Outgoing]:
        """Everything, in the order in which it is acknowledged."""
        return [*self.first, *self.together, *self.after]

    def of(self, topic: str) -> list[Record]:
        """The records for a topic, named as in the registry."""
        return [record for out in self.outgoing if out.topic == PREFIX + topic for record in out.records]

    def published(self, topic: str = OPERATOR_HOURS) -> dict[str, Any]:
        """The KPI records of a topic by key, decoded. No key comes twice in one drain."""
        records = self.of(topic)
        found = {
            (key or b"").decode(): msgspec.json.decode(value, type=_RECORD_TYPES[topic]) for key, value, _ in records
        }
        assert len(found) == len(records)
        return found

    @property
    def pages(self) -> dict[str, OperatorHour]:
        """The operators' records by owner; for floors with one hour."""
        return {record.owner: record for record in self.published().values()}

    def roll_up(self, level: str, identity: str, hour: str = HOUR) -> RollUpHour:
        """One roll-up's record."""
        return self.published(ROLL_UPS[level])[f"{identity}|{hour}"]


class Floor:
    """The ledgers of one worker. ``logs`` are the topics that it writes and a successor restores from."""

    def __init__(
        self,
        *,
        now: str = NOW,
        zone: str = "UTC",
        sites: dict[str, str] | None = None,
        generation: int = 1,
        grace_s: int = 900,
        logs: dict[tuple[str, int], list[Row]] | None = None,
    ) -> None:
        self.now = now
        self.progress: dict[tuple[str, int], Progress] = {}
        self.telemetry = Telemetry(lambda: None)
        self.clocks = Clocks(zone, sites)
        self.meaning = Meaning(generation, RULE)
        self.rule = rule_named(RULE)
        self.logs = defaultdict(list, {place: list(rows) for place, rows in (logs or {}).items()})
        self.pages, self.roll_ups = self._ledgers(grace_s)
        self._ends: dict[tuple[str, int], int] = defaultdict(int)
        self._offered: list[Snapshot] = []

    def _ledgers(self, grace_s: int) -> tuple[PageLedger, RollUpLedger]:
        pages = PageLedger(
            PageTopics(
                {PREFIX + topic: topic for topic in FACT_TYPES}, PREFIX + REJECTED, PREFIX + PAGES_CHANGELOG, PARTITIONS
            ),
            self.clocks,
            self.rule,
            self.meaning,
            grace_us=grace_s * SECOND_US,
            outputs=OperatorOutputs(
                PREFIX + OPERATOR_HOURS, PREFIX + CONTRIBUTIONS, PARTITIONS, self.meaning, self._offer
            ),
            telemetry=self.telemetry,
            now_us=lambda: self.now_us,
            progress=lambda topic, partition: self.progress.get((topic.removeprefix(PREFIX), partition), AT_END),
        )
        topics = {level: PREFIX + topic for level, topic in ROLL_UPS.items()}
        outputs = RollUpOutputs(topics, self.meaning, self._offer)
        return pages, RollUpLedger(PREFIX + ROLL_UPS_CHANGELOG, outputs, lambda: self.now_us)

    def _offer(self, snapshots: list[Snapshot]) -> None:
        self._offered += snapshots

    @property
    def now_us(self) -> int:
        """The floor's present, microseconds."""
        return parse_time(self.now)

    # The engine's part

    def begin(self) -> "Floor":
        """Takes every partition over: restores what lies in the logs."""
        for ledger in (self.pages, self.roll_ups):
            ledger.keep(ALL)
        self.restore()
        for ledger in (self.pages, self.roll_ups):
            ledger.recovered(ALL)
        return self

    def restore(self) -> None:
        """Gives both ledgers every row of their changelogs."""
        for (topic, partition), rows in self.logs.items():
            if topic == PAGES_CHANGELOG:
                self.pages.restore(as_batch(topic, partition, rows))
            elif topic == ROLL_UPS_CHANGELOG:
                self.roll_ups.restore(as_batch(topic, partition, rows))

    def successor(self, **changes: Any) -> "Floor":
        """Another worker that begins with what this one wrote."""
        return Floor(**{"now": self.now, "logs": self.logs} | changes).begin()

    def fold(self, *facts: Fact) -> "Floor":
        """Folds records, those of one topic and partition that stand together as one batch."""
        for (topic, partition), run in groupby(facts, key=lambda one: (one.topic, one.partition)):
            records = list(run)
            first = self._ends[topic, partition]
            self._ends[topic, partition] += len(records)
            stamps = [parse_time(one.at or self.now) // 1000 for one in records]
            rows = [(one.key, one.value, stamp) for one, stamp in zip(records, stamps, strict=True)]
            self.pages.fold(as_batch(PREFIX + topic, partition, rows, first))
        return self

    def drain(self) -> Told:
        """Drains the pages, and writes what they give."""
        told = self.news()
        assert told is not None, "there was nothing to drain"
        return told

    def news(self) -> Told | None:
        """As `drain`; None where there is nothing."""
        return self._written(self.pages)

    def has_news(self) -> bool:
        """Whether a drain of the pages gives anything; what it gives is written."""
        return self.news() is not None

    def roll(self, told: Told) -> Told:
        """Folds the contributions of a drain into the roll-ups, and drains these."""
        self.contribute(out for out in told.together if out.topic == PREFIX + CONTRIBUTIONS)
        rolled = self._written(self.roll_ups)
        assert rolled is not None, "there was nothing to drain"
        return rolled

    def contribute(self, outgoing: Iterable[Outgoing]) -> None:
        """Folds contributions where they lie."""
        for out in outgoing:
            rows = [(key, value, self.now_us // 1000) for key, value, _ in out.records]
            self.roll_ups.fold(as_batch(out.topic, out.partition, rows))

    def _written(self, ledger: PageLedger | RollUpLedger) -> Told | None:
        self._offered = []
        flush = ledger.drain()
        if flush is None:
            return None
        assert not self._offered, "Redis was offered what is not acknowledged yet"
        told = Told(flush.first, flush.together, flush.after)
        for out in told.outgoing:
            log = self.logs[out.topic.removeprefix(PREFIX), out.partition]
            log += [(key, value, self.now_us // 1000) for key, value, _ in out.records]
        flush.done()
        told.snapshots = self._offered
        return told

    # What tests look at

    def counter(self, name: str, *labels: str) -> float:
        """A counter's value, 0 where there is no series."""
        return self.telemetry.counters.values.get(name, {}).get(labels, 0)

    def behind(self, topic: str, last: str | None, partitions: Iterable[int] = ALL) -> None:
        """The topic is not read to its end; its last folded record lay there at ``last``."""
        stamp = None if last is None else parse_time(last) // 1000
        for partition in partitions:
            self.progress[topic, partition] = Progress(0, 1, stamp)

    def at_end(self, topic: str, partitions: Iterable[int] = ALL) -> None:
        """The topic is read to its end."""
        for partition in partitions:
            self.progress[topic, partition] = AT_END


def running(**given: Any) -> Floor:
    """A floor that begins with empty logs and has written that its generation began."""
    floor = Floor(**given).begin()
    floor.drain()
    return floor


AT_END = Progress(position=1, highwater=1, last_timestamp_ms=None)


def as_batch(
    topic: str, partition: int, rows: list[Row], first: int = 0, headers: Sequence[tuple[str, bytes | None]] = ()
) -> Batch:
    """Rows of a log as one batch, taken from bytes as a worker takes them from what Kafka sends."""
    if not rows:
        return Batch(topic, partition, first, first, [], [], [])
    stored = [(place, stamp_ms, key, value, list(headers)) for place, (key, value, stamp_ms) in enumerate(rows)]
    records = stored_batches(bytes(written(stored, base=first)))
    [batch] = unpacked(records, topic, partition, first, check=True)
    return batch


def contents(floor: Floor) -> dict[tuple[str, int], list[Any]]:
    """Every page's statements, in an order of their own, by the page's key."""
    return {
        key: sorted((msgspec.structs.astuple(one) for one in page.statements()), key=repr)
        for book in floor.pages.books.values()
        for key, page in book.pages.items()
    }
