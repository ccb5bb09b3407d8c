"""KPI topics as their readers see them, compared with the recount."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.kpis import KPI_TYPES
from streams.recount.comparing import Finding, compare, missing, revision_of, superfluous
from streams.recount.expected import Expected, Records
from streams.recount.hours import Whole
from streams.recount.logs import Run
from streams.recount.report import Difference


@dataclass(slots=True)
class Kept:
    """What a reader keeps of a key: the record of the greatest revision, or simply the last (None: a tombstone)."""

    revision: str
    greatest: bytes
    last: bytes | None


class Published:
    """The records of the four KPI topics, read so far."""

    def __init__(self) -> None:
        self.by_topic: dict[str, dict[str, Kept]] = {topic: {} for topic in KPI_TYPES}

    def take(self, run: Run) -> None:
        """Takes the next records of a partition."""
        book = self.by_topic[run.place.topic]
        for record in run.records:
            key = (record.key or b"").decode(errors="replace")
            revision = revision_of(record.value)
            kept = book.get(key)
            if kept is None:
                book[key] = Kept(revision, record.value or b"", record.value)
                continue
            kept.last = record.value
            if revision > kept.revision:
                kept.revision, kept.greatest = revision, record.value

    def hours(self) -> set[str]:
        """The hours that have records, as their keys name them."""
        return {key.rpartition("|")[2] for book in self.by_topic.values() for key in book}

    def entries(self) -> set[tuple[str, str]]:
        """(topic, key) of every record."""
        return {(topic, key) for topic, book in self.by_topic.items() for key in book}

    def compared(self, whole: Whole) -> dict[str, int]:
        """Keys by topic, in the hours that could be recounted."""
        return {
            topic: sum(whole.holds_name(key.rpartition("|")[2]) for key in book)
            for topic, book in self.by_topic.items()
        }

    def findings(self, records: Records, whole: Whole) -> Iterator[Finding]:
        """What differs, in the hours that could be recounted."""
        for topic, book in self.by_topic.items():
            expected = records.by_topic[topic]
            for key, record in expected.items():
                if whole.holds(record.hour_us):
                    kept = book.get(key)
                    yield from [missing(topic, key, record)] if kept is None else _compare(topic, key, kept, record)
            for key, kept in book.items():
                if key not in expected and whole.holds_name(key.rpartition("|")[2]):
                    yield superfluous(topic, key, kept.greatest)


def _compare(topic: str, key: str, kept: Kept, record: Expected) -> Iterator[Finding]:
    found = compare(topic, key, kept.greatest, record)
    yield from found
    if kept.last is None:
        yield Finding(Difference(topic, key, "the last record", "a tombstone", "the one of the greatest revision"))
    elif kept.last is not kept.greatest and not any(finding.is_ahead for finding in found):
        for finding in compare(topic, key, kept.last, record):
            if finding not in found:
                difference = finding.difference
                field = f"{difference.field} of the last record"
                yield Finding(Difference(topic, key, field, difference.have, difference.want), finding.is_ahead)
