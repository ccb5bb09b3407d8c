"""The notable happenings of the engine, for whoever counts and logs them."""

from collections.abc import Mapping
from typing import Protocol

from faust.types import TP


class EngineEvents(Protocol):
    """Called from the event loop at each happening; must return at once."""

    def flushed(self, seconds: float, records: int) -> None:
        """A flush was acknowledged: how long it took and how many records it wrote."""

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """The group accepted these offsets."""

    def commit_refused(self, reason: str) -> None:
        """A rebalance came before the commit; the same facts will be read again."""

    def lease_not_renewed(self) -> None:
        """No proof of membership could be had, so this cycle wrote nothing."""

    def rebalanced(self, partitions: frozenset[int], generation: int) -> None:
        """The group gave this worker these partition numbers."""

    def restored(self, table: str, rows: int, seconds: float) -> None:
        """A table was read back from its changelog."""

    def expired(self, partition: TP, first: int, following: int) -> None:
        """Retention removed records of [first, following) before they were read; reading goes on after them."""

    def given_back(self, partition: TP, records: int) -> None:
        """Records came for a paused partition and will be fetched again."""

    def stopped(self, reason: str) -> None:
        """The engine failed and stops; nothing more is written or committed."""


class NoEvents:
    """Takes every happening and does nothing."""

    def flushed(self, seconds: float, records: int) -> None:
        """Nothing."""

    def committed(self, offsets: Mapping[TP, int]) -> None:
        """Nothing."""

    def commit_refused(self, reason: str) -> None:
        """Nothing."""

    def lease_not_renewed(self) -> None:
        """Nothing."""

    def rebalanced(self, partitions: frozenset[int], generation: int) -> None:
        """Nothing."""

    def restored(self, table: str, rows: int, seconds: float) -> None:
        """Nothing."""

    def expired(self, partition: TP, first: int, following: int) -> None:
        """Nothing."""

    def given_back(self, partition: TP, records: int) -> None:
        """Nothing."""

    def stopped(self, reason: str) -> None:
        """Nothing."""
