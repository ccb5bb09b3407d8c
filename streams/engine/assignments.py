"""Which partition numbers a worker has: the same of every topic, or its tables would miss half of their facts."""

from collections.abc import Iterable, Mapping

from faust.types import TP

from streams.errors import UserError


def shared_partitions(assigned: Iterable[TP], topics: Mapping[str, int]) -> frozenset[int]:
    """The partition numbers assigned of every topic of the engine (topic -> partition count).

    Raises UserError where topics differ. Faust's assignor keeps topics with equal counts together, and leaves out
    one that does not exist or that another version of the worker does not read.
    """
    numbers: dict[str, set[int]] = {topic: set() for topic in topics}
    for tp in assigned:
        numbers.setdefault(tp.topic, set()).add(tp.partition)
    groups: dict[frozenset[int], list[str]] = {}
    for topic, mine in numbers.items():
        groups.setdefault(frozenset(mine), []).append(topic)
    if len(groups) > 1:
        told = "; ".join(f"{sorted(mine)} of {', '.join(sorted(names))}" for mine, names in groups.items())
        raise UserError(
            f"the group gave this worker different partitions of its topics: {told}; "
            "all of them must exist with one partition count, and all workers must run the same version"
        )
    return next(iter(groups), frozenset())
