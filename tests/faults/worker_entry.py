"""One worker of a campaign: the product's own, with a clock and points of failure that the driver sets, maybe a mutant.

With ``--dump FILE`` it restores all partitions from their changelogs as any fresh worker would, writes what it then
holds to the file, and ends.
"""

import argparse
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from streams.engine.settings import EngineSettings
from streams.ledgers.pages import PageLedger
from streams.ledgers.rollups import RollUpLedger
from streams.ports import listening_socket
from streams.settings import load_settings
from streams.worker.body import Worker
from streams.worker.instance import take_instance_id
from streams.worker.supervisor import end_with
from tests.faults import points
from tests.faults.control import Control
from tests.faults.mutants import MUTANTS


class CampaignWorker(Worker):
    """The product's worker on a clock that can be stepped."""

    control: Control

    def _engine_settings(self) -> EngineSettings:
        return replace(super()._engine_settings(), clock=points.StepClock(self.control))


def _pages(ledger: PageLedger) -> dict[str, Any]:
    pages = {}
    for book in ledger.books.values():
        for page in book.pages.values():
            statements = [
                {name: getattr(one, name) for name in one.__struct_fields__ if name != "rest"}
                | {"kind": type(one).__name__}
                for one in page.statements()
            ]
            pages[f"{page.owner}|{page.hour_us}"] = {"statements": statements, "parts": list(page.parts)}
    return pages


def _contributions(ledger: RollUpLedger) -> dict[str, int]:
    return {
        f"{owner}|{hour_us}": given.revision.weight
        for book in ledger.books.values()
        for hour_us, page in book.hours.items()
        for owner, given in page.given.items()
    }


def _dump_when_restored(path: Path, partitions: int) -> None:
    held: dict[str, dict[str, Any]] = {}

    def watch(kind: Any, name: str, tell: Any) -> None:
        recovered = kind.recovered

        def restored(self: Any, mine: frozenset[int]) -> None:
            recovered(self, mine)
            if len(self.books) == partitions:
                held[name] = tell(self)
            if len(held) == 2:
                path.write_text(json.dumps(held))
                os._exit(0)

        kind.recovered = restored

    watch(PageLedger, "pages", _pages)
    watch(RollUpLedger, "contributions", _contributions)


def main(arguments: list[str]) -> int:
    """Runs one worker; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--driver", type=int, required=True, help="process id with which this worker ends")
    parser.add_argument("--control", type=Path, required=True)
    parser.add_argument("--mutant", choices=MUTANTS)
    parser.add_argument("--slow-seek", action="store_true")
    parser.add_argument("--dump", type=Path)
    given = parser.parse_args(arguments)
    end_with(given.driver)
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("dialpulse").setLevel(logging.INFO)
    settings = load_settings()
    CampaignWorker.control = Control(given.control)
    points.install(CampaignWorker.control, slow_seek=given.slow_seek)
    if given.mutant:
        MUTANTS[given.mutant]()
    if given.dump:
        _dump_when_restored(given.dump, settings.partitions)
    instance_id, _lock = take_instance_id(settings)
    sock, address = listening_socket(settings, "worker_http")
    return CampaignWorker(settings, instance_id, sock, address).run()
