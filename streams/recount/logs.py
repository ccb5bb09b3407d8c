"""Logs of several topics, read from their beginnings as far as is asked, and later further."""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

from kafka import TopicPartition

from schemas.rights import READ
from streams.broker.clients import open_consumer, told
from streams.broker.rights import insist_on_topics
from streams.errors import UserError
from streams.settings import Settings

SILENCE_S = 30.0
"""A broker that gives nothing of what it has for so long is not going to."""

OPTIONS = {
    "fetch_max_wait_ms": 100,
    # In Python they would cost more than everything else; the broker checked them, and TCP does.
    "check_crcs": False,
    "max_partition_fetch_bytes": 8 * 1024 * 1024,
    "max_poll_records": 5_000,
}


class Place(NamedTuple):
    """A partition of a topic, by its name in the registry."""

    topic: str
    partition: int


Offsets = Mapping[Place, int]


class Run(NamedTuple):
    """Records of one partition, in order (as kafka-python gives them)."""

    place: Place
    records: list[Any]


class Logs:
    """Some topics of the registry, every partition of them, or only the one that is asked for.

    ``starts``: the first offset left of each partition when it was opened. Raises UserError where Kafka or a topic is
    missing.
    """

    def __init__(self, settings: Settings, topics: Iterable[str], only: int | None = None) -> None:
        self._settings = settings
        self._only_partition = only
        self._names = {settings.topic(topic): topic for topic in topics}
        insist_on_topics(settings, self._names.values(), READ)
        self._consumer: Any = open_consumer(settings, **OPTIONS)
        with told(settings):
            self.places = [Place(topic, number) for topic in self._names.values() for number in self._numbers(topic)]
            self._consumer.assign([self._real(place) for place in self.places])
            self._consumer.seek_to_beginning()
            self.starts: Offsets = self._named(self._consumer.beginning_offsets(self._consumer.assignment()))
        # What was fetched beyond the end that was asked for.
        self._ahead: dict[Place, list[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._consumer.close()

    def _numbers(self, topic: str) -> list[int]:
        numbers = self._consumer.partitions_for_topic(self._settings.topic(topic))
        return sorted(numbers if self._only_partition is None else numbers & {self._only_partition})

    def _real(self, place: Place) -> TopicPartition:
        return TopicPartition(self._settings.topic(place.topic), place.partition)

    def _named(self, offsets: Mapping[TopicPartition, int]) -> dict[Place, int]:
        return {Place(self._names[tp.topic], tp.partition): offset for tp, offset in offsets.items()}

    def skip_before(self, stamp_ms: int) -> None:
        """Leaves out, before anything is read, the records that are older than a timestamp (milliseconds)."""
        with told(self._settings):
            found = self._consumer.offsets_for_times(dict.fromkeys(self._consumer.assignment(), stamp_ms))
            ends = self._consumer.end_offsets(list(found))
        for tp, entry in found.items():
            self._consumer.seek(tp, ends[tp] if entry is None else entry.offset)

    def ends(self) -> Offsets:
        """The offset after the last record of each partition, now."""
        with told(self._settings):
            return self._named(self._consumer.end_offsets([self._real(place) for place in self.places]))

    def read(self, ends: Offsets) -> Iterator[Run]:
        """What lies between where the last reading ended and ``ends``. Raises UserError where Kafka goes silent."""
        left = {place: end for place, end in ends.items() if end > self.starts[place]}
        for place in list(left):
            run = self._cut(place, self._ahead.pop(place, []), left)
            if run.records:
                yield run
        heard = time.monotonic()
        while left := {place: end for place, end in left.items() if self._position(place) < end}:
            self._only(left)
            for tp, records in self._poll().items():
                heard = time.monotonic()
                yield self._cut(Place(self._names[tp.topic], tp.partition), records, left)
            if time.monotonic() - heard > SILENCE_S:
                place, end = next(iter(left.items()))
                raise UserError(
                    f"Kafka at {self._settings.kafka} gave nothing of {place.topic}-{place.partition} up to {end} for "
                    f"{SILENCE_S:.0f} s: see dialpulse doctor",
                    exit_code=1,
                )

    def _position(self, place: Place) -> int:
        position: int = self._consumer.position(self._real(place))
        return position

    def _only(self, left: Offsets) -> None:
        """Fetches what is still wanted, and nothing beside."""
        wanted = {self._real(place) for place in left}
        self._consumer.resume(*wanted)
        if others := self._consumer.assignment() - wanted:
            self._consumer.pause(*others)

    def _poll(self) -> dict[TopicPartition, list[Any]]:
        with told(self._settings):
            found: dict[TopicPartition, list[Any]] = self._consumer.poll(timeout_ms=500)
        return found

    def _cut(self, place: Place, records: list[Any], ends: Offsets) -> Run:
        end = ends[place]
        if records and records[-1].offset >= end:
            self._ahead[place] = [record for record in records if record.offset >= end]
            records = [record for record in records if record.offset < end]
        return Run(place, records)
