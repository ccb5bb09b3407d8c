"""A worker has the same partition numbers of every topic."""

import pytest
from faust.types import TP

from streams.engine.assignments import shared_partitions
from streams.errors import UserError

TOPICS = {"calls": 4, "changelog": 4}


def test_the_shared_numbers_are_those_of_every_topic() -> None:
    """What is assigned of one topic is assigned of all."""
    assigned = [TP(topic, number) for topic in TOPICS for number in (1, 3)]
    assert shared_partitions(assigned, TOPICS) == {1, 3}
    assert shared_partitions([], TOPICS) == frozenset()


def test_different_numbers_are_refused_with_the_topics_named() -> None:
    """Folding facts of a partition whose changelog another worker restores would count half of them."""
    with pytest.raises(UserError, match=r"\[0\] of calls; \[1\] of changelog"):
        shared_partitions([TP("calls", 0), TP("changelog", 1)], TOPICS)


def test_a_topic_without_any_is_refused() -> None:
    """Faust leaves out a topic that does not exist, and goes on."""
    with pytest.raises(UserError, match=r"\[\] of changelog"):
        shared_partitions([TP("calls", 0)], TOPICS)
