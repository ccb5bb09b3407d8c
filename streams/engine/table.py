"""A Faust table whose changelog is a log, and whose recovery merges every row of it."""

import gc
from collections.abc import Iterable
from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.types import TP

from streams.engine.batches import BatchSchema
from streams.engine.engine import Engine
from streams.engine.flushing import Ledger
from streams.engine.packing import Acknowledged
from streams.errors import UserError

RECOVERY_BATCHES = 4
"""Batches restored at once: 1 would leave changelog partitions flowing after recovery, 1000 hold a gigabyte."""


class RestoreError(BaseException):
    """A changelog cannot be restored. No Exception: Faust would log one and go on with a hole in the state."""


class PromptTables(TableManager):
    """Faust's table manager without its pause of a second at the start of every worker."""

    async def on_start(self) -> None:
        """Registers the tables at once: the conductor waits for agents and tables by itself."""
        await self._update_channels()
        await self.recovery.start()


class MergingTable(faust.Table[Any, Any]):
    """Gives its ledger the partitions, the changelog rows, and the engine's flushes. Registers itself with the app."""

    def __init__(self, app: faust.App, *, name: str, ledger: Ledger, changelog: str, partitions: int) -> None:
        schema = BatchSchema()
        # No acks: changelog offsets are never committed, recovery reads the whole log.
        topic = app.topic(changelog, schema=schema, partitions=partitions, acks=False, internal=True)
        super().__init__(
            app,
            name=name,
            schema=schema,
            partitions=partitions,
            changelog_topic=topic,
            recovery_buffer_size=RECOVERY_BATCHES,
        )
        self.ledger = ledger
        self._changelog = changelog
        self._kept: frozenset[int] = frozenset()
        self._rows = 0
        self._since: float | None = None
        app.tables.add(self)
        self.engine.changelogs[changelog] = partitions
        self.engine.flusher.add(ledger, self._acknowledged)

    @property
    def engine(self) -> Engine:
        """The worker's engine."""
        return self.app.engine  # type: ignore[attr-defined, no-any-return]

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Merges every row, where Faust keeps the last of a key: a late row of a frozen worker would win."""
        if self._since is None:
            self._since = self.engine.settings.clock.now().monotonic
            # Everything that is made now stays, and the collector would look at it again and again.
            gc.disable()
        try:
            for event in batch:
                if event.message.partition in self._kept:
                    self.ledger.restore(event.value)
                    self._rows += len(event.value)
        except BaseException as exc:
            if isinstance(exc, UserError):  # keeps its words and its exit code
                self.engine.fail(exc)
            failure = RestoreError(f"cannot restore {self.name} from {self._changelog}: {type(exc).__name__}: {exc}")
            self.engine.fail(failure)
            raise failure from exc

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Keeps the pages of the partitions that stay, and nothing of the others."""
        mine = frozenset(tp.partition for tp in assigned if tp.topic == self._changelog)
        # Faust forgets how far a partition was restored only where no further rebalance follows at once: a page
        # dropped here would then be restored from the middle of its log.
        for partition in self._kept - mine:
            self._recovery.revoke(TP(self._changelog, partition))
        for partition in mine:
            self._recovery.active_highwaters.pop(TP(self._changelog, partition), None)
        self._kept = mine
        self.engine.recovered = False
        self._guarded(self.ledger.keep, mine)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Tells the ledger. Faust would swallow what is raised here, so the engine is told instead."""
        if self._recovery.signal_recovery_start.is_set():
            return  # a rebalance came before this was called: it has a recovery of its own, which is yet to begin
        now = self.engine.settings.clock.now().monotonic
        self._check_complete(active_tps)
        self._guarded(self.ledger.recovered, frozenset(tp.partition for tp in active_tps))
        self.engine.settings.events.restored(self.name, self._rows, now - (self._since or now))
        self._rows, self._since = 0, None
        gc.freeze()
        gc.enable()
        await super().on_recovery_completed(active_tps, standby_tps)

    @property
    def _recovery(self) -> Any:
        return self.app.tables.recovery  # type: ignore[attr-defined]

    def _check_complete(self, tps: set[TP]) -> None:
        """Where the brokers do not tell the log ends in time, Faust goes on with what it has, which may be nothing."""
        ends, restored = self._recovery.active_highwaters, self._recovery.active_offsets
        short = [tp for tp in tps if tp not in ends or restored.get(tp) is None or restored[tp] < ends[tp]]
        if short:
            told = ", ".join(f"{tp.topic}-{tp.partition}" for tp in sorted(short))
            failure = RestoreError(f"{self.name} is not restored from all of its changelog: {told}")
            self.engine.fail(failure)
            raise failure

    def _guarded(self, call: Any, partitions: frozenset[int]) -> None:
        try:
            call(partitions)
        except BaseException as exc:
            self.engine.fail(exc)
            raise

    def _acknowledged(self, written: Acknowledged) -> None:
        """Own rows right after those restored need not be read back at the next rebalance."""
        tp = written.partition
        if tp.topic == self._changelog:
            restored = self._recovery.active_offsets
            if restored.get(tp) == written.offset - 1:
                restored[tp] = written.offset + written.count - 1
