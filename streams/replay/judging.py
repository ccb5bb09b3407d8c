"""What a worker would say of a log's records, before they are sent."""

from collections.abc import Callable

from processors.reading import Reader

Judge = Callable[[str, bytes | None, bytes | None], object]
"""Raises Refusal for a record (topic, key, value) that no worker would count."""


def judge_by(reader: Reader, now_us: int) -> Judge:
    """A judge that reads records as a worker would that gets them now."""
    return lambda topic, key, value: reader.read(topic, key, value, now_us)
