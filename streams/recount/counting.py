"""Facts counted again: from the fact topics' records to pages, by the rules of the contract and nothing else."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from processors.building import Refusal
from processors.hours import Clocks
from processors.owners import partition_of, record_key
from processors.page import Acceptance, Page, PageKey
from processors.reading import Reader
from processors.statements import KIND_OF, KINDS, AnyStatement
from processors.times import DAY_US, format_time
from schemas.facts import FACT_TYPES
from schemas.rejections import Reason
from streams.ledgers.misfits import forwarded_copy
from streams.recount.logs import Offsets, Run
from streams.recount.report import SharedId

PRESENCE = KINDS.index("presence")

_RESULTS = {
    Acceptance.ACCEPTED: "accepted",
    Acceptance.REPLACED: "accepted",
    Acceptance.DUPLICATE: "duplicate",
    Acceptance.SUPERSEDED: "superseded",
    Acceptance.CONFLICT: "rejected",
}


class Source(NamedTuple):
    """Where a record lies; the topic by its name in the registry."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that is not counted: why, when it arrived (microseconds), and the digest of its key and value."""

    reason: Reason
    arrived_us: int
    digest: bytes


def digest_of(key: bytes | None, value: bytes | None) -> bytes:
    """Tells a record's bytes from others'; absent ones are as good as empty, as in the rejected topic."""
    key, value = key or b"", value or b""
    return blake2b(len(key).to_bytes(8, "little") + key + value, digest_size=16).digest()


class FactCount:
    """All facts read so far, as pages.

    ``changed_us``: when the last fact that changed a page arrived, microseconds. ``touched``: pages changed since the
    last call of ``take_touched``. ``misplaced``: good records that lie elsewhere than under their owner.
    """

    def __init__(self, clocks: Clocks, partitions: int) -> None:
        self._reader = Reader(clocks)
        self._partitions = partitions
        self.pages: dict[PageKey, Page] = {}
        self.changed_us: dict[PageKey, int] = {}
        self.results: dict[str, Counter[str]] = {topic: Counter() for topic in FACT_TYPES}
        self.rejections: dict[Source, Rejection] = {}
        self.misplaced: list[tuple[Source, AnyStatement]] = []
        self._touched: set[PageKey] = set()
        self._oldest_left_us: dict[tuple[str, int], int] = {}

    def take(self, run: Run) -> None:
        """Counts the next records of a partition."""
        topic, partition = run.place
        results = self.results[topic]
        if run.records:
            self._oldest_left_us.setdefault((topic, partition), run.records[0].timestamp * 1000)
        for record in run.records:
            source = Source(topic, partition, record.offset)
            try:
                results[self._count(source, record)] += 1
            except Refusal as refusal:
                results["rejected"] += 1
                self._reject(source, record, refusal.reason)

    def _count(self, source: Source, record: Any) -> str:
        """What becomes of a record. Raises Refusal."""
        arrived_us = record.timestamp * 1000
        statement = self._reader.read(source.topic, record.key, record.value, arrived_us)
        owner = statement.owner
        if record.key != record_key(owner) or partition_of(owner, self._partitions) != source.partition:
            forwarded_copy(owner, record.value, record.timestamp)  # refused where it has no room for its way
            self.misplaced.append((source, statement))
            return "misplaced"
        key = owner, statement.hour_us
        page = self.pages.get(key)
        if page is None:
            page = self.pages[key] = Page(*key)
        acceptance = page.accept(statement)
        if acceptance <= Acceptance.REPLACED:
            self._touched.add(key)
            self.changed_us[key] = max(arrived_us, self.changed_us.get(key, 0))
        elif acceptance is Acceptance.CONFLICT:
            self._reject(source, record, Reason.VERSION_CONFLICT)
        return _RESULTS[acceptance]

    def _reject(self, source: Source, record: Any, reason: Reason) -> None:
        digest = digest_of(record.key, record.value)
        self.rejections[source] = Rejection(reason, record.timestamp * 1000, digest)

    def take_touched(self) -> set[PageKey]:
        """The pages that changed since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def whole_from_us(self, starts: Offsets, now_us: int) -> int | None:
        """The instant from which on hours are whole where facts have expired; None while none has.

        A day after the oldest record left: no fact arrives earlier than a day before its hour.
        """
        oldest = [self._oldest_left_us.get(place, now_us) for place, start in starts.items() if start > 0]
        return max(oldest) + DAY_US if oldest else None

    def lost(self) -> list[tuple[Source, AnyStatement]]:
        """Misplaced records whose copy does not count under their owner."""
        return [(source, statement) for source, statement in self.misplaced if not self._stands(statement)]

    def _stands(self, statement: AnyStatement) -> bool:
        page = self.pages.get((statement.owner, statement.hour_us))
        standing = None if page is None else page.standing(KIND_OF[type(statement)], statement.id)
        return standing is not None and standing.version >= statement.version

    def shared_ids(self) -> list[SharedId]:
        """Identities that stand, not void, on two pages or more. A presence's is an instant, which operators share."""
        found: defaultdict[tuple[int, str], list[PageKey]] = defaultdict(list)
        for key, page in self.pages.items():
            for kind, book in enumerate(page.kinds):
                if kind != PRESENCE and book:
                    for identity, statement in book.items():
                        if not statement.voided:
                            found[kind, identity].append(key)
        return sorted(
            SharedId(KINDS[kind], identity, tuple(f"{owner}|{format_time(us)}" for owner, us in sorted(keys)))
            for (kind, identity), keys in found.items()
            if len(keys) > 1
        )
