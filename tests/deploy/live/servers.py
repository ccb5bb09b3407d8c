"""What listens to the rules: Prometheus on the faster floor's files, Alertmanager, and whoever is told."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from streams.ports import any_free
from tests.deploy.live import faster
from tests.deploy.prometheus_server import Prometheus, running_server


class Told(NamedTuple):
    """A message of Alertmanager: when it came (epoch seconds), to which receiver, and what it says."""

    at_s: float
    receiver: str
    message: dict[str, Any]

    @property
    def firing(self) -> list[dict[str, Any]]:
        """The alerts of the message that fire; none where it says that they are over."""
        return [alert for alert in self.message["alerts"] if alert["status"] == "firing"]

    @property
    def names(self) -> set[str]:
        """The names of its alerts."""
        return {alert["labels"]["alertname"] for alert in self.message["alerts"]}


class Receiver:
    """A webhook on loopback that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.append(Told(time.time(), self.path.removeprefix("/"), message))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing on standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listens no more."""
        self._server.shutdown()
        self._server.server_close()


class LivePrometheus(Prometheus):
    """One that receives a past first, and scrapes and evaluates once it is told to."""

    def __init__(self, address: str, folder: Path, process: "subprocess.Popen[bytes]") -> None:
        super().__init__(address)
        self._folder = folder
        self._process = process

    def begin(self, config: dict[str, Any], speed: int) -> None:
        """Takes the rules and the scrape file, and works by them from now on."""
        for name, groups in faster.groups(speed).items():
            (self._folder / "rules" / name).write_text(yaml.safe_dump({"groups": groups}))
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._process.send_signal(signal.SIGHUP)

    def alerts(self) -> list[dict[str, Any]]:
        """Its alerts, each with ``labels``, ``annotations`` and ``state``."""
        found: list[dict[str, Any]] = self._data("alerts")["alerts"]
        return found


@contextmanager
def live_prometheus(folder: Path, speed: int) -> Iterator[LivePrometheus]:
    """A server without anything to do yet, whose own spans are those of a floor so many times as fast."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    (folder / "rules").mkdir(parents=True)
    (folder / "prometheus.yml").write_text("{}\n")
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={address}", "--web.enable-remote-write-receiver", "--log.level=warn",
        # One block for all: the past may be written in any order of series.
        "--storage.tsdb.min-block-duration=20d", "--storage.tsdb.max-block-duration=20d",
        f"--query.lookback-delta={faster.span('5m', speed)}",
        f"--rules.alert.resend-delay={faster.span('1m', speed)}",
    ]  # fmt: skip
    with running_server(command, address, folder / "prometheus.log") as process:
        yield LivePrometheus(address, folder, process)


@contextmanager
def live_alertmanager(folder: Path, speed: int, receiver: str) -> Iterator[str]:
    """An Alertmanager with the shipped routes, all of which end at the receiver's address; its own."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(faster.alertmanager_yml(speed, receiver)))
    command = [
        "prometheus-alertmanager", f"--config.file={file}", f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}", "--cluster.listen-address=", "--log.level=warn",
    ]  # fmt: skip
    with running_server(command, address, folder / "alertmanager.log"):
        yield address
