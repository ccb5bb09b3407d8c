"""The simulated weeks as a worker shows them: an exporter on loopback whose clock runs faster than the machine's."""

import threading
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.trial.remote_write import Labels, Series


class Shown:
    """One series: at every instant the sample that was taken last, as a gauge or a counter stands between two."""

    def __init__(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None:
        named = dict(labels)
        name = named.pop("__name__")
        worded = ",".join([f'{label}="{value}"' for label, value in named.items()])
        self.name = f"{name}{{{worded}}}"
        self._times, self._values = zip(*samples, strict=True)

    def line(self, floor_ms: float) -> str:
        """What ``/metrics`` says of it; before its first sample that one."""
        return f"{self.name} {self._values[max(bisect_right(self._times, floor_ms) - 1, 0)]:.0f}\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    """A connection that Prometheus keeps open does not hold the end up."""

    def handle_error(self, *_: Any) -> None:
        """A scrape that takes longer than its interval is cut off, and counted by Prometheus."""


class Exporter:
    """Shows the floor at ``begins_s``, and from ``start`` on as it is so many times as fast."""

    def __init__(self, series: Iterable[Series], begins_s: float, speed: int) -> None:
        # What Prometheus adds itself is not shown; labels of the target are its own.
        self._series = [
            Shown(
                tuple(label for label in labels if label[0] != "instance"),
                [
                    (at_ms + step * step_ms, value)
                    for at_ms, step_ms, values in runs
                    for step, value in enumerate(values)
                ],
            )
            for labels, runs in series
            if ("__name__", "up") not in labels
        ]
        self._begins_s, self._speed, self._from_s = begins_s, speed, 0.0

    def start(self, from_s: float) -> None:
        """When the machine's clock shows ``from_s`` the floor's begins to run."""
        self._from_s = from_s

    def text(self) -> bytes:
        """The scrape of this instant."""
        gone_s = max(time.time() - self._from_s, 0.0) if self._from_s else 0.0
        floor_ms = (self._begins_s + self._speed * gone_s) * 1000
        return "".join([one.line(floor_ms) for one in self._series]).encode()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address at which it is scraped."""
        text = self.text

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = text()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing on standard error."""

        with _Server(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"127.0.0.1:{server.server_port}"
            server.shutdown()
            thread.join()
