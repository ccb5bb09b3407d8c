"""The product's worker on the floor's clock: ``python -m tests.deploy.live.worker_entry CLOCK``."""

import logging
import sys
from pathlib import Path

from streams.ports import listening_socket
from streams.settings import load_settings
from streams.worker.body import Worker
from streams.worker.instance import take_instance_id
from tests.deploy.live.floor_clock import FloorClock


class FloorWorker(Worker):
    """What it counts as present, active, open and today is by the floor's clock."""

    def live_by(self, clock: FloorClock) -> None:
        """To be called before it runs."""
        self._flow.pages.now_us = clock.now_us


def main() -> int:
    """Runs it until it is told to stop; its exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    settings = load_settings()
    instance_id, _lock = take_instance_id(settings)
    sock, address = listening_socket(settings, "worker_http")
    worker = FloorWorker(settings, instance_id, sock, address)
    worker.live_by(FloorClock(Path(sys.argv[1])))
    return worker.run()


if __name__ == "__main__":
    sys.exit(main())
