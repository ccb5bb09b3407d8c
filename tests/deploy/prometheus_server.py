"""A real Prometheus for tests: scraping what it is told to on loopback, with a past that was put into it before."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from streams.ports import any_free

READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 20.0


class QueryRefused(Exception):
    """Prometheus does not answer the query: in its own words."""


def is_ready(address: str) -> bool:
    """Whether a Prometheus or an Alertmanager answers there."""
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running_server(
    command: list[str], address: str, log: Path, ready_s: float = READY_WITHIN_S, stopped_s: float = STOPPED_WITHIN_S
) -> Iterator["subprocess.Popen[bytes]"]:
    """A Prometheus or an Alertmanager, once it answers at its address; stopped on leaving."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink)
    try:
        give_up = time.monotonic() + ready_s
        while not is_ready(address):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < give_up, f"{command[0]} was not ready in time: {log.read_text()[-2000:]}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(stopped_s)


class Prometheus:
    """A server that answers; ``address`` is host and port."""

    def __init__(self, address: str) -> None:
        self.address = address

    def now(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with ``metric`` and ``value``."""
        found: list[dict[str, Any]] = self._data("query", query=expr)["result"]
        return found

    def points(self, expr: str, start_s: float, end_s: float, step_s: float) -> list[dict[str, Any]]:
        """The series of a range query, each with ``metric`` and ``values``; times in epoch seconds."""
        found: list[dict[str, Any]] = self._data("query_range", query=expr, start=start_s, end=end_s, step=step_s)[
            "result"
        ]
        return found

    def values_of(self, label: str, series: str) -> list[str]:
        """The values that a label of some series has had."""
        found: list[str] = self._data(f"label/{label}/values", **{"match[]": series})
        return found

    def targets(self) -> list[str]:
        """The addresses that it scrapes, or tries to."""
        found = self._data("targets", state="active")["activeTargets"]
        return [target["discoveredLabels"]["__address__"] for target in found]

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        return is_ready(self.address)

    def _data(self, path: str, **parameters: Any) -> Any:
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise QueryRefused(f"{parameters}: {error.read().decode()}") from None


def put_past(folder: Path, lines: Iterable[str]) -> None:
    """Writes samples of the past (OpenMetrics text, a family's lines together) as blocks that a server will find."""
    text = folder.with_suffix(".om")
    text.write_text("\n".join([*lines, "# EOF", ""]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def metrics_complaints(url: str) -> str:
    """What Prometheus' own tool finds wrong with a live scrape: names, types, help texts; nothing if all is well."""
    # Made by tests, of an address of this machine.
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310
        text = answer.read()
    assert b"# TYPE " in text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0 or said, "promtool says nothing of what is wrong"
    return said


@contextmanager
def running_prometheus(folder: Path, jobs: list[dict[str, Any]], every: str = "1s") -> Iterator[Prometheus]:
    """A server on its data below ``folder``, which may hold a past already; stopped on leaving."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    file = folder.with_suffix(".yml")
    file.write_text(
        yaml.safe_dump({"global": {"scrape_interval": every, "scrape_timeout": every}, "scrape_configs": jobs})
    )
    command = [
        "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder}", f"--web.listen-address={address}",
        "--storage.tsdb.retention.time=35d", "--log.level=warn",
    ]  # fmt: skip
    with running_server(command, address, folder.with_suffix(".log")):
        yield Prometheus(address)
