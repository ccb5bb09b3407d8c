"""KPI topics and contributions: what a published page becomes for other programs."""

from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache

import msgspec

from processors.fold import Fold
from processors.owners import partition_of_key
from processors.rates import written_rates
from processors.records import Meaning, operator_hour, operator_key
from processors.rollup import HourPage, Target, contribution, roll_up_key
from processors.times import HOUR_US, SECOND_US, format_time
from streams.engine.outgoing import Outgoing, Record
from streams.ledgers.live_page import LivePage
from streams.sinks.redis import Snapshot

KEPT_IN_REDIS_US = 48 * HOUR_US

_json = msgspec.json.Encoder().encode
_msgpack = msgspec.msgpack.Encoder().encode
Offer = Callable[[list[Snapshot]], None]


@lru_cache(maxsize=1 << 14)
def contributions_partition(hour_us: int, partitions: int) -> int:
    """Where all contributions of an hour lie, whoever owns them: one roll-up agent then sees the whole hour."""
    return partition_of_key(format_time(hour_us).encode(), partitions)


def expires_us(end_us: int, written_us: int) -> int:
    """When a snapshot leaves Redis: 48 h after the later of its hour's end and the writing."""
    return max(end_us, written_us) + KEPT_IN_REDIS_US


class OperatorWriting:
    """The outputs of one partition's pages in one flush."""

    def __init__(self, outputs: "OperatorOutputs", partition: int, now_us: int) -> None:
        self._outputs = outputs
        self._partition = partition
        self._now_us = now_us
        self._records: list[Record] = []
        self._contributions: dict[int, list[Record]] = defaultdict(list)

    def add(self, page: LivePage, folded: Fold, is_final: bool) -> Snapshot:
        """Writes a page's record and contribution; gives its snapshot for Redis."""
        outputs = self._outputs
        snapshot = outputs.snapshot(page, folded, is_final, self._now_us)
        key = operator_key(page).encode()
        self._records.append((key, snapshot.value, ()))
        given = contribution(page, folded, page.hour, outputs.meaning, is_final)
        home = contributions_partition(page.hour_us, outputs.partitions)
        self._contributions[home].append((key, _msgpack(given), ()))
        return snapshot

    def outgoing(self) -> list[Outgoing]:
        """Everything added, ready to be sent."""
        found = [
            Outgoing(self._outputs.contributions, partition, records, leased=True)
            for partition, records in self._contributions.items()
        ]
        if self._records:
            found.append(Outgoing(self._outputs.topic, self._partition, self._records, leased=True))
        return found


class OperatorOutputs:
    """Writes pages as ``kpi.operator-hour.v1``, as contributions, and as snapshots."""

    def __init__(
        self,
        topic: str,
        contributions: str,
        partitions: int,
        meaning: Meaning,
        offer: Offer,
    ) -> None:
        self.topic = topic
        self.contributions = contributions
        self.partitions = partitions
        self.meaning = meaning
        self._offer = offer

    def begin(self, partition: int, now_us: int) -> OperatorWriting:
        """The outputs of one partition's pages in one flush."""
        return OperatorWriting(self, partition, now_us)

    def expires_us(self, page: LivePage) -> int:
        """When the page's snapshot leaves Redis."""
        return expires_us(page.hour.end_us, page.written_us)

    def snapshot(self, page: LivePage, folded: Fold, is_final: bool, now_us: int) -> Snapshot:
        """The page's record as Redis is to hold it."""
        record = operator_hour(page, folded, page.hour, self.meaning, is_final, now_us, written_rates)
        expires_s = self.expires_us(page) // SECOND_US
        return Snapshot(
            "operator",
            page.owner,
            page.hour_us,
            record.revision,
            expires_s,
            _json(record),
        )

    def flushed(self, snapshots: list[Snapshot]) -> None:
        """The records are acknowledged: Redis may have them."""
        self._offer(snapshots)


class RollUpOutputs:
    """Writes roll-ups as ``kpi.campaign-hour.v1``, ``kpi.team-hour.v1``, ``kpi.site-hour.v1`` and as snapshots."""

    def __init__(self, topics: dict[str, str], meaning: Meaning, offer: Offer) -> None:
        self._topics = topics
        self._meaning = meaning
        self._offer = offer

    def outgoing(self, partition: int, snapshots: list[tuple[Target, Snapshot]]) -> list[Outgoing]:
        """The records of one partition's roll-ups, one entry per level."""
        found: dict[str, list[Record]] = defaultdict(list)
        for target, snapshot in snapshots:
            key = roll_up_key(target, snapshot.hour_start_us).encode()
            found[target[0]].append((key, snapshot.value, ()))
        return [Outgoing(self._topics[level], partition, records, leased=True) for level, records in found.items()]

    def snapshot(self, page: HourPage, target: Target, written_us: int, now_us: int) -> Snapshot:
        """A roll-up's record as Redis is to hold it."""
        record = page.record(target, self._meaning, now_us)
        level, identity = target
        # By the end of a full hour: a short one only stays a little longer.
        expires_s = expires_us(page.hour_us + HOUR_US, written_us) // SECOND_US
        return Snapshot(level, identity, page.hour_us, record.revision, expires_s, _json(record))

    def flushed(self, snapshots: list[Snapshot]) -> None:
        """The records are acknowledged: Redis may have them."""
        self._offer(snapshots)
