"""What a ledger hands over to be written, in the order in which it has to be acknowledged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Headers = Sequence[tuple[str, bytes]]
Record = tuple[bytes | None, bytes | None, Headers]
"""Key, value, headers."""


def _nothing() -> None:
    return None


@dataclass(slots=True)
class Outgoing:
    """Records for one partition of one topic, in order.

    `leased` records are stamped with the time of the last proof that this worker is a member of its group, so that
    the broker refuses them once another may own the partition; others carry the time of the flush.
    """

    topic: str
    partition: int
    records: list[Record]
    leased: bool = False


@dataclass(slots=True)
class Flush:
    """Everything unwritten of a ledger at one moment."""

    first: list[Outgoing] = field(default_factory=list)
    """Rejected and forwarded records: acknowledged before anything else, or a crash in between would lose them."""
    together: list[Outgoing] = field(default_factory=list)
    """Changelog rows and outputs."""
    after: list[Outgoing] = field(default_factory=list)
    """Marks of what was published, sent once `together` is acknowledged and before the commit."""
    done: Callable[[], None] = _nothing
    """Called once all of it is acknowledged, before the commit."""
