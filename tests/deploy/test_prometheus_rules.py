"""The rules and alerts: Prometheus' own tool reads and tests them, Alertmanager's says who would be told."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.metrics import METRICS, RECOUNT_METRICS
from tests.deploy.compose import ROOT, published, services

PROMETHEUS = ROOT / "deploy/prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
RUNBOOKS = ROOT / "docs/runbooks"

RULE: list[dict[str, Any]] = [
    rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in RULE if "alert" in rule}

PROMISED = """
DialerAbandonRateHigh DialerAppointmentsStalled DialerCallRateDropping DialerContactRateDropping DialpulseDisagrees
DialpulseFactsRejected DialpulseLagGrowing DialpulsePipelineStalled DialpulseRedisBehind DialpulseWorkerMissing
"""

WHO = {
    "DialerAbandonRateHigh": "compliance,floor-supervisors",
    "DialpulseDisagrees": "on-call",
    "DialpulsePipelineStalled": "on-call",
    "DialpulseWorkerMissing": "on-call",
    "DialpulseFactsRejected": "operations",
    "DialpulseLagGrowing": "operations",
    "DialpulseRedisBehind": "operations",
}
FLOOR = "floor-supervisors"


def said(*words: str | Path) -> str:
    """What a tool prints; its complaint is the failure's message."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_every_rule() -> None:
    """No syntax error, no two rules that record the same series."""
    assert said("promtool", "check", "rules", *RULES).count("SUCCESS") == len(RULES)


@pytest.fixture(scope="module")
def tested() -> Iterator[dict[Path, Future[str]]]:
    """What promtool says of each file: weeks take it a minute on one core, so two are tested at a time."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        # It needs little memory, and spends an eighth of its time on keeping it small.
        patch.setenv("GOGC", "400")
        yield {file: pool.submit(said, "promtool", "test", "rules", file) for file in TESTS}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_rules_do_what_their_unit_tests_say(file: Path, tested: dict[Path, Future[str]]) -> None:
    """Each alert fires where it should, and is silent where silence is right."""
    assert "SUCCESS" in tested[file].result()


def test_every_promised_alert_is_there_and_is_tested_to_fire_and_to_be_silent() -> None:
    """A test file that names an alert only where it is silent would pass with the alert taken away."""
    assert sorted(ALERTS) == PROMISED.split()
    text = "".join(file.read_text() for file in TESTS)
    for name in ALERTS:
        assert re.search(rf'ALERTS{{alertname="{name}", alertstate="firing"|alertname: {name}\n\s+exp_alerts:\n', text)
        assert f"alertname: {name}, exp_alerts: []" in text, name


def test_rules_are_named_level_metric_operation() -> None:
    """The names of recording rules have the three parts that Prometheus' own practice asks for."""
    recorded = [rule["record"] for rule in RULE if "record" in rule]
    assert all(re.fullmatch(r"[a-z]+:[a-z_]+:[a-z0-9_]+", name) for name in recorded)


def test_rules_read_only_what_is_recorded_or_in_the_catalogue() -> None:
    """A misspelt series is no error to Prometheus: the rule would be silent for ever."""
    known = (
        {rule["record"] for rule in RULE if "record" in rule}
        | {metric.name for metric in METRICS + RECOUNT_METRICS}
        | {"up", "ALERTS"}
    )
    for rule in RULE:
        text = re.sub(r'"[^"]*"', "", rule["expr"])
        read = set(re.findall(r"\b(?:[a-z]+:[a-z_]+:[a-z0-9_]+|dialer_\w+|dialpulse_\w+)", text))
        assert read <= known, read - known


@pytest.mark.parametrize("name", ["dialer_call_rate", "dialer_floor_alerts"])
def test_an_alert_looks_at_counts_of_its_own_evaluation(name: str) -> None:
    """A group's rules are evaluated in their order, another group's at another time: what counts is recorded before.

    Of other groups it reads what hardly changes, and what was some time ago.
    """
    groups = {group["name"]: group["rules"] for file in RULES for group in yaml.safe_load(file.read_text())["groups"]}
    slow = {rule["record"] for group in ("dialer_thresholds", "dialer_same_hour") for rule in groups[group]}
    known = slow | {"site:dialer_judged:bool"}
    for rule in groups[name]:
        now = set(re.findall(r"\b([a-z]+:[a-z_]+:[a-z0-9_]+)(?:{[^}]*})?(?! offset)(?![{\w])", rule["expr"]))
        assert now <= known, now - known
        known.add(rule.get("record", ""))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_where_and_what_to_do(name: str) -> None:
    """Summary, description, the tile's link, and a runbook that is there and has the three parts."""
    notes = ALERTS[name]["annotations"]
    assert set(notes) >= {"summary", "description", "tile", "runbook"}
    assert notes["runbook"] == f"docs/runbooks/{name}.md"
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## What it means", "## What to look at", "## What to do",
    ]  # fmt: skip


def test_no_runbook_is_left_of_an_alert_that_is_gone() -> None:
    """One page per alert, and no other."""
    assert {file.stem for file in RUNBOOKS.glob("*.md")} == set(ALERTS)


def test_alertmanager_takes_its_configuration() -> None:
    """Routes, inhibitions and receivers are ones it knows."""
    assert "SUCCESS" in said("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("name", ALERTS)
def test_each_alert_goes_to_whom_it_concerns(name: str) -> None:
    """The floor's to the supervisors, the pipeline's to those who run it, by severity."""
    labels = {"alertname": name, "site": "lyon", **ALERTS[name]["labels"]}
    words = [f"{label}={value}" for label, value in labels.items()]
    routed = said("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", *words)
    assert routed.strip() == WHO.get(name, FLOOR)


def test_whatever_makes_the_floor_look_empty_holds_the_floors_alerts_back() -> None:
    """The inhibition's two sides are labels that the alerts carry."""
    rule = yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"][0]
    assert rule == {"source_matchers": ['inhibits="floor"'], "target_matchers": ['layer="floor"']}
    holding = {name for name, alert in ALERTS.items() if alert["labels"].get("inhibits") == "floor"}
    assert holding == {"DialpulseWorkerMissing", "DialpulsePipelineStalled", "DialpulseLagGrowing"}
    assert {name for name, alert in ALERTS.items() if alert["labels"]["layer"] == "floor"} == {
        name for name in ALERTS if name.startswith("Dialer")
    }


def test_prometheus_takes_its_file_with_the_rules_beside_it() -> None:
    """The rules are found from where the file lies, here as in the container."""
    text = said("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    assert f"SUCCESS: {len(RULES)} rule files found" in text


def test_prometheus_keeps_what_four_weeks_of_baselines_need() -> None:
    """Four weeks and the eight hours before, with days to spare: 35 days."""
    prometheus = services()["prometheus"]
    assert "--storage.tsdb.retention.time=35d" in prometheus["command"]
    assert "./deploy/prometheus/rules:/etc/prometheus/rules:ro" in prometheus["volumes"]
    assert max(int(hours) for rule in RULE for hours in re.findall(r"offset (\d+)h", rule["expr"])) < 35 * 24


def test_prometheus_sends_its_alerts_to_the_alertmanager_that_runs() -> None:
    """The address is the service's name and the port that Alertmanager has."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    ((target,),) = (one["targets"] for one in config["alerting"]["alertmanagers"][0]["static_configs"])
    name, port = target.split(":")
    assert published(services()[name])[0][2] == int(port)
