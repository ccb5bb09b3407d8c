"""The rejected topic, compared with what the recount rejects."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from processors.times import SECOND_US
from schemas.rejections import Reason
from streams.recount.comparing import ABSENT, Finding
from streams.recount.counting import FactCount, Source, digest_of
from streams.recount.hours import Whole
from streams.recount.logs import Offsets, Place, Run
from streams.recount.report import Difference
from streams.topology import REJECTED

CLOCKS_APART_US = 60 * SECOND_US


class Rejected:
    """The records of the rejected topic read so far: by the record they are of, the reasons and digests given."""

    def __init__(self, starts: Offsets) -> None:
        self._starts = starts
        self._oldest_left_us: dict[Place, int] = {}
        self.given: dict[Source, set[tuple[str, bytes]]] = defaultdict(set)
        self.nameless: list[str] = []

    def take(self, run: Run) -> None:
        """Takes the next records of a partition."""
        for record in run.records:
            self._oldest_left_us.setdefault(run.place, record.timestamp * 1000)
            headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
            source = _source(headers)
            if source is None:
                self.nameless.append(f"{REJECTED}-{run.place.partition}@{record.offset}")
            else:
                self.given[source].add((headers.get("reason", ABSENT), digest_of(record.key, record.value)))

    def findings(self, facts: FactCount, whole: Whole, starts: Offsets, ends: Offsets) -> Iterator[Finding]:
        """What differs, for fact records between ``starts`` and ``ends``."""
        for name in self.nameless:
            yield Finding(Difference(REJECTED, name, "headers", "not a record's place", "topic, partition, offset"))
        kept_from_us = self._kept_from_us()
        for source, rejection in facts.rejections.items():
            given = self.given.get(source)
            if given is None:
                if rejection.arrived_us >= kept_from_us:
                    yield _difference(source, "the rejected record", ABSENT, f"one for {rejection.reason}")
                continue
            reasons, digests = {reason for reason, _ in given}, {digest for _, digest in given}
            if reasons != {rejection.reason}:
                yield _difference(source, "reason", " and ".join(sorted(reasons)), rejection.reason)
            if digests != {rejection.digest}:
                yield _difference(source, "key and value", "changed", "the record's own")
        for source in self.given.keys() - facts.rejections.keys():
            yield from self._of_a_good_record(source, whole, starts, ends)

    def _of_a_good_record(self, source: Source, whole: Whole, starts: Offsets, ends: Offsets) -> Iterator[Finding]:
        place = Place(source.topic, source.partition)
        if place in starts and source.offset < starts[place]:
            return
        reasons = sorted({reason for reason, _ in self.given[source]})
        if whole.from_us is not None and Reason.VERSION_CONFLICT in reasons:
            return  # the statement that it conflicts with may have expired
        later = place in ends and source.offset >= ends[place]
        yield Finding(
            Difference(REJECTED, str(source), "the rejected record", f"one for {' and '.join(reasons)}", "none"), later
        )

    def _kept_from_us(self) -> int:
        """Rejections of facts that arrived since then cannot have expired."""
        cut = [place for place, start in self._starts.items() if start > 0]
        return max((self._oldest_left_us.get(place, 1 << 62) for place in cut), default=-(1 << 62)) + CLOCKS_APART_US


def _source(headers: dict[str, Any]) -> Source | None:
    try:
        return Source(headers["topic"], int(headers["partition"]), int(headers["offset"]))
    except (KeyError, ValueError):
        return None


def _difference(source: Source, field: str, have: str, want: str) -> Finding:
    return Finding(Difference(REJECTED, str(source), field, have, want))
