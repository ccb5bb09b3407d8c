"""The shipped rules, scrape file and routes for a floor whose clock runs faster than Prometheus' own.

Prometheus and Alertmanager know no clock but the machine's. So at a speed of 30 every duration that they are given is
a thirtieth: scrape and rule intervals, ranges and offsets, ``for`` and ``keep_firing_for``, the waits of the routes.
Ages by ``time()`` are multiplied and rates by the second divided by the speed. All else, thresholds and counts before
all, is as shipped; at a speed of 1 nothing differs.
"""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.compose import ROOT

RULES = ROOT / "deploy/prometheus/rules"
SPEEDS = (1, 2, 3, 5, 6, 10, 15, 30)
"""Those by which half a minute, the rules' interval, stays a whole number of seconds."""

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = r"\d+(?:ms|[smhdw])"
_SPAN = re.compile(rf"(\[|:|offset )((?:{_PART})+)")
_AGE = re.compile(r"time\(\) - max\(\w+\)")
_RATE = re.compile(r"sum\(rate\([^()]+\)\)")


def span(text: str, speed: int) -> str:
    """A duration as Prometheus and Alertmanager write it, so many times as short."""
    parts = re.findall(r"(\d+)(ms|[smhdw])", text)
    assert "".join(map("".join, parts)) == text, text
    short = Fraction(sum(int(number) * _UNITS_MS[unit] for number, unit in parts), speed)
    return f"{max(round(short), 1)}ms"


def query(text: str, speed: int) -> str:
    """An expression, or a text with expressions in it, for the faster floor."""
    left = _RATE.sub("", _AGE.sub("", text))
    assert "time()" not in left and not re.search(r"\b(rate|irate|deriv|predict_linear|timestamp)\(", left), text
    text = _RATE.sub(rf"(\g<0> / {speed})", _AGE.sub(rf"({speed} * (\g<0>))", text))
    return _SPAN.sub(lambda found: found[1] + span(found[2], speed), text)


def groups(speed: int) -> dict[str, list[dict[str, Any]]]:
    """The groups of rules by the name of their file."""
    return {file.name: _groups(file, speed) for file in sorted(RULES.glob("*.yml"))}


def _groups(file: Path, speed: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text())["groups"]
    for group in found:
        group["interval"] = span(group["interval"], speed)
        for rule in group["rules"]:
            rule["expr"] = query(rule["expr"], speed)
            for word in {"for", "keep_firing_for"} & set(rule):
                rule[word] = span(rule[word], speed)
            for name, note in rule.get("annotations", {}).items():
                rule["annotations"][name] = query(note, speed)
    return found


def prometheus_yml(speed: int, worker: str, alertmanager: str) -> dict[str, Any]:
    """The scrape file with the rules beside it, for one worker and an Alertmanager at these addresses."""
    text: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    shared = text["global"]
    for word in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
        shared[word] = span(shared[word], speed)
    # A scrape takes as long as it takes, on whatever clock: it may take its whole interval.
    shared["scrape_timeout"] = shared["scrape_interval"]
    (workers,) = (job for job in text["scrape_configs"] if job["job_name"] == "dialpulse-worker")
    del workers["dns_sd_configs"]
    workers["static_configs"] = [{"targets": [worker]}]
    text["scrape_configs"] = [workers]
    text["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager]}]}]
    return text


def alertmanager_yml(speed: int, receiver: str) -> dict[str, Any]:
    """The routes and inhibitions as shipped; each of their receivers is a path of one webhook at this address."""
    text: dict[str, Any] = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text())
    text["global"] = {"resolve_timeout": span(text["global"]["resolve_timeout"], speed)}
    for route in (text["route"], *text["route"]["routes"]):
        for word in {"group_wait", "group_interval", "repeat_interval"} & set(route):
            route[word] = span(route[word], speed)
    text["receivers"] = [
        {"name": one["name"], "webhook_configs": [{"url": f"http://{receiver}/{one['name']}"}]}
        for one in text["receivers"]
    ]
    return text
