"""The rules over the past: each is asked of Prometheus for a whole day, and its answer written back, in their order.

So the expressions are the real ones, and Prometheus evaluates them; only time does not have to pass.
"""

import re
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from streams.ports import any_free
from tests.deploy.compose import ROOT
from tests.deploy.prometheus_server import running_server
from tests.trial.remote_write import STALE, Run, Series, write

RULES = [
    ROOT / f"deploy/prometheus/rules/{name}.yml" for name in ("thresholds", "same-hour", "call-rate", "floor-alerts")
]
_NAME = re.compile(r"\b[a-z]+:[a-z_]+:[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule or an alert (``name``), the labels that it adds, how often it is evaluated, and its ``for``."""

    name: str
    expr: str
    labels: dict[str, str]
    interval_s: int
    for_s: int = 0


class Answer(msgspec.Struct):
    """A series of a range query."""

    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Result(msgspec.Struct):
    result: list[Answer]


class _Said(msgspec.Struct):
    data: _Result


def rules_for(alert: str, files: Iterable[Path] = RULES) -> tuple[list[Rule], Rule]:
    """The recording rules that an alert rests on, in the order of their files, and the alert."""
    found = [
        Rule(
            one.get("record") or one["alert"], one["expr"], one.get("labels", {}),
            _seconds(group["interval"]), _seconds(one.get("for", "0s")),
        )
        for file in files
        for group in yaml.safe_load(file.read_text())["groups"]
        for one in group["rules"]
    ]  # fmt: skip
    last = next(rule for rule in found if rule.name == alert)
    wanted, reached = {last.name}, set[str]()
    while wanted - reached:
        name = (wanted - reached).pop()
        reached.add(name)
        wanted |= {read for rule in found if rule.name == name for read in _NAME.findall(rule.expr)}
    return [rule for rule in found if rule.name in reached and rule is not last], last


def looked_back_at(rules: Iterable[Rule]) -> set[str]:
    """The rules whose past is needed: by an offset, by a range, or by what those are made of."""
    rules = list(rules)
    found: set[str] = set()
    for rule in rules:
        for match in re.finditer(rf"({_NAME.pattern})(?:{{[^}}]*}})?(?:\[| offset)", rule.expr):
            found.add(match[1])
    grown = True
    while grown:
        needed = {name for rule in rules if rule.name in found for name in _NAME.findall(rule.expr)}
        grown = not needed <= found
        found |= needed
    return found


def _seconds(interval: str) -> int:
    return int(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]


@contextmanager
def receiving(folder: Path) -> Iterator[str]:
    """A Prometheus that takes samples as old as they are; its address."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 30s}\n")
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={address}", "--web.enable-remote-write-receiver", "--log.level=warn",
        # One block for all: series may then begin anywhere in it, in any order of series.
        "--storage.tsdb.min-block-duration=200d", "--storage.tsdb.max-block-duration=200d",
        "--storage.tsdb.retention.time=3650d", "--query.max-samples=500000000", "--query.timeout=15m",
    ]  # fmt: skip
    with running_server(command, address, folder / "log", ready_s=60, stopped_s=60):
        yield address


def asked(address: str, expr: str, begins_s: float, ends_s: float, step_s: float) -> list[Answer]:
    """The series of a range query."""
    return _answered(f"{address}/api/v1/query_range", query=expr, start=begins_s, end=ends_s, step=step_s)


def samples(address: str, selector: str, at_s: float) -> list[Answer]:
    """The samples as they are stored, of a selector with a range that ends at an instant."""
    return _answered(f"{address}/api/v1/query", query=selector, time=at_s)


def _answered(url: str, **words: str | float) -> list[Answer]:
    # An address of this machine.
    with urllib.request.urlopen(f"http://{url}", data=urllib.parse.urlencode(words).encode(), timeout=900) as answer:
        return msgspec.json.decode(answer.read(), type=_Said).data.result


def with_ends(values: list[tuple[float, str]], step_s: int) -> list[Run]:
    """The samples, and the mark of staleness that Prometheus sets where a rule gives nothing at the next step."""
    runs: list[Run] = []
    begins = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at][0] != values[at - 1][0] + step_s:
            held = [float(value) for _, value in values[begins:at]]
            runs.append((int(values[begins][0] * 1000), step_s * 1000, [*held, STALE]))
            begins = at
    return runs


def evaluate(address: str, rule: Rule, begins_s: float, ends_s: float, step_s: int) -> int:
    """Asks a rule of a stretch of time and records what it says; gives the number of samples."""
    made: list[Series] = []
    for series in asked(address, rule.expr, begins_s, ends_s, step_s):
        labels = {**series.metric, **rule.labels, "__name__": rule.name}
        named = tuple(sorted((name, value) for name, value in labels.items() if value))
        made.append((named, with_ends(series.values, step_s)))
    write(address, made)
    return sum(len(values) for _, runs in made for _, _, values in runs)
