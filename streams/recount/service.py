"""The recount as a service: again and again, with what it found at ``/metrics``, so that an alert can tell."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from schemas.metrics import RECOUNT_METRICS
from streams.errors import UserError
from streams.recount.commits import Tell
from streams.recount.report import Report
from streams.worker.http import serving

Recount = Callable[[], Report]


class Recounts(Collector):
    """What the latest recounts came to: nothing before the first, and what stood when one could not be finished."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {"dialpulse_reconcile_failed": 0}

    def collect(self) -> Iterator[Metric]:
        """Every metric of the recount service's catalogue."""
        for metric in RECOUNT_METRICS:
            family = GaugeMetricFamily(metric.name, metric.help)
            if metric.name in self._values:
                family.add_metric((), self._values[metric.name])
            yield family

    def once(self, recount: Recount, tell: Tell) -> None:
        """One recount; ``tell`` hears in a line what it found, or why it could not be finished."""
        try:
            report = recount()
        except UserError as error:
            self._values["dialpulse_reconcile_failed"] = 1
            tell(f"not recounted: {error}")
            return
        self._values = {
            "dialpulse_reconcile_differences": len(report.differences),
            "dialpulse_reconcile_timestamp_seconds": time.time(),
            "dialpulse_reconcile_failed": 0,
        }
        tell("\n".join(report.lines()) if report.differences else f"0 differences in {report.pages:,} pages")


def serve(recount: Recount, every_s: float, sock: socket.socket, tell: Tell) -> None:
    """Recounts every ``every_s`` seconds, the first time at once, and serves until SIGTERM or Ctrl-C."""
    recounts = Recounts()

    def repeat() -> None:
        while True:
            recounts.once(recount, tell)
            time.sleep(every_s)

    # A recount may wait long for a worker; being told to stop must not wait for it.
    threading.Thread(target=repeat, name="recount", daemon=True).start()
    asyncio.run(_until_told(recounts, sock))


async def _until_told(recounts: Recounts, sock: socket.socket) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    registry = CollectorRegistry()
    registry.register(recounts)
    async with serving(sock, registry, lambda: (True, "ready")):
        await told.wait()
