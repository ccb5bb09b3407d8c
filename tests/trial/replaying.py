"""The rules over the past: each is asked of Prometheus for a whole day, and its answer written back, in their order.

So the expressions are the real ones, and Prometheus evaluates them; only time does not have to pass.
"""

import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from streams.ports import any_free
from tests.deploy.compose import ROOT
from tests.deploy.prometheus_server import Prometheus
from tests.trial.remote_write import STALE, Labels, write

_NAME = re.compile(r"\b[a-z]+:[a-z_]+:[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule or an alert (``name``), and the labels that it adds."""

    name: str
    expr: str
    labels: dict[str, str]


def rules_for(alert: str) -> tuple[list[Rule], Rule]:
    """The recording rules that an alert rests on, in the order of their files, and the alert."""
    files = ("thresholds", "counts", "baselines", "floor-alerts")
    found = [
        Rule(one.get("record") or one["alert"], one["expr"], one.get("labels", {}))
        for file in files
        for group in yaml.safe_load((ROOT / f"deploy/prometheus/rules/{file}.yml").read_text())["groups"]
        for one in group["rules"]
    ]  # fmt: skip
    last = next(rule for rule in found if rule.name == alert)
    wanted, reached = {last.name}, set[str]()
    while wanted - reached:
        name = (wanted - reached).pop()
        reached.add(name)
        wanted |= {read for rule in found if rule.name == name for read in _NAME.findall(rule.expr)}
    return [rule for rule in found if rule.name in reached and rule is not last], last


@contextmanager
def receiving(folder: Path) -> Iterator[str]:
    """A Prometheus that takes samples as old as they are; its address."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 30s}\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address={address}", "--web.enable-remote-write-receiver", "--log.level=warn",
                # One block for all: series may then begin anywhere in it, in any order of series.
                "--storage.tsdb.min-block-duration=200d", "--storage.tsdb.max-block-duration=200d",
                "--storage.tsdb.retention.time=3650d", "--query.max-samples=200000000",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until = time.monotonic() + 30
        while not Prometheus(address).is_ready():
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def asked(address: str, expr: str, begins_s: float, ends_s: float, step_s: int) -> list[dict[str, Any]]:
    """The series of a range query."""
    words = urllib.parse.urlencode({"query": expr, "start": begins_s, "end": ends_s, "step": step_s}).encode()
    with urllib.request.urlopen(f"http://{address}/api/v1/query_range", data=words, timeout=300) as answer:
        found: list[dict[str, Any]] = msgspec.json.decode(answer.read())["data"]["result"]
    return found


def _with_ends(values: list[tuple[float, str]], step_ms: int) -> list[tuple[int, float]]:
    """The samples, and the mark of staleness that Prometheus sets where a rule gives nothing at the next step."""
    samples = [(int(float(at) * 1000), float(value)) for at, value in values]
    nexts = [at for at, _ in samples[1:]] + [0]
    made: list[tuple[int, float]] = []
    for (at, value), following in zip(samples, nexts, strict=True):
        made.append((at, value))
        if following != at + step_ms:
            made.append((at + step_ms, STALE))
    return made


def evaluate(address: str, rule: Rule, begins_s: float, ends_s: float, step_s: int) -> int:
    """Asks a rule of a stretch of time and records what it says; gives the number of samples."""
    made: list[tuple[Labels, list[tuple[int, float]]]] = []
    for series in asked(address, rule.expr, begins_s, ends_s, step_s):
        labels = {**series["metric"], **rule.labels, "__name__": rule.name}
        named = tuple(sorted((name, value) for name, value in labels.items() if value))
        made.append((named, _with_ends(series["values"], step_s * 1000)))
    write(address, made)
    return sum(len(samples) for _, samples in made)
