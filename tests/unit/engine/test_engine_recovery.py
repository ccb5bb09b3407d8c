"""When a table counts as restored: the brokers told the ends of its changelog, and no rebalance came meanwhile."""

import pytest
from faust.types import TP

from streams.engine.app import EngineApp, make_app
from streams.engine.batches import Batch
from streams.engine.outgoing import Flush
from streams.engine.settings import EngineSettings
from streams.engine.table import MergingTable, RestoreError

CHANGELOG = "changelog"
MINE = TP(CHANGELOG, 0)


class Told:
    """A ledger that remembers for which partitions it was told that they are whole."""

    unflushed = 0

    def __init__(self) -> None:
        self.whole: list[frozenset[int]] = []

    def restore(self, batch: Batch) -> None:
        """Nothing."""

    def keep(self, partitions: frozenset[int]) -> None:
        """Nothing."""

    def recovered(self, partitions: frozenset[int]) -> None:
        """These are whole."""
        self.whole.append(partitions)

    def drain(self) -> Flush | None:
        """Nothing."""


def table_of(ledger: Told) -> tuple[EngineApp, MergingTable]:
    app = make_app(EngineSettings(group="group", brokers=("127.0.0.1:9",)))
    return app, MergingTable(app, name="toy", ledger=ledger, changelog=CHANGELOG, partitions=4)


async def test_a_table_whose_ends_the_brokers_did_not_tell_ends_the_worker() -> None:
    """Faust gives up waiting for them and calls the table restored, which may hold nothing yet."""
    ledger = Told()
    app, table = table_of(ledger)
    with pytest.raises(RestoreError, match="not restored from all of its changelog: changelog-0"):
        await table.on_recovery_completed({MINE}, set())
    assert app.engine.failure is not None and ledger.whole == []


async def test_a_recovery_that_a_rebalance_has_overtaken_says_nothing() -> None:
    """Its ends are forgotten by then; the recovery of that rebalance is yet to come, and tells."""
    ledger = Told()
    app, table = table_of(ledger)
    recovery = app.tables.recovery
    recovery.signal_recovery_start.set()
    await table.on_recovery_completed({MINE}, set())
    assert app.engine.failure is None and ledger.whole == []
    recovery.signal_recovery_start.clear()
    recovery.active_highwaters[MINE] = recovery.active_offsets[MINE] = 7
    await table.on_recovery_completed({MINE}, set())
    assert app.engine.failure is None and ledger.whole == [frozenset({0})]
