"""A real worker's HTTP: alive, ready once it is, and its metrics."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from schemas.metrics import METRICS
from streams import topics
from streams.ports import any_free
from streams.producing import Outgoing
from streams.settings import Settings
from tests.floors import produce
from tests.workers import Worker, environment, running_worker


def get(address: str, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def call(call_id: str) -> Outgoing:
    """A call that began just now."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    value = f'{{"call_id": "{call_id}", "started_at": "{now}", "operator_id": "o1", "campaign_id": "autumn"}}'
    return Outgoing(0, "dialer.calls.v1", b"o1", value.encode())


def test_a_worker_is_alive_before_it_is_ready_and_says_why(settings: Settings, tmp_path: Path) -> None:
    """503 with one sentence until it has its partitions, restored; then 200."""
    topics.apply(settings)
    worker = Worker(settings, tmp_path)
    seen: list[tuple[int, int, str]] = []
    try:
        give_up = time.monotonic() + 60
        while not seen or seen[-1][1] != 200:
            assert time.monotonic() < give_up and worker.process.poll() is None, worker.said()
            try:
                seen.append((get(worker.address, "/healthz")[0], *get(worker.address, "/readyz")))
            except OSError:
                time.sleep(0.02)
    finally:
        worker.stop()
    assert {alive for alive, _, _ in seen} == {200}
    assert seen[0][1] == 503 and seen[0][2].startswith("not ready: ")
    assert seen[-1][2].startswith("ready: 4 partitions, ")


def test_metrics_of_a_worker_are_the_catalogue(settings: Settings, tmp_path: Path) -> None:
    """What Prometheus reads has every family of the catalogue, and the facts just produced."""
    with running_worker(settings, tmp_path) as worker:
        produce(settings, [call("c1"), call("c2"), call("c2")])
        give_up = time.monotonic() + 20
        while (shown := _samples(worker.address)).get(("dialer_today_calls", "autumn")) != 2:
            assert time.monotonic() < give_up, shown
            time.sleep(0.1)
        families = {family.name for family in text_string_to_metric_families(get(worker.address, "/metrics")[1])}
        assert families == {
            metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name for metric in METRICS
        }
        assert shown["dialer_operator_hour_calls", "o1"] == 2
        assert shown["dialpulse_pages", ""] == 1
        assert get(worker.address, "/nothing")[0] == 404


def _samples(address: str) -> dict[tuple[str, str], float]:
    """Values by name and by campaign or operator."""
    return {
        (sample.name, sample.labels.get("campaign") or sample.labels.get("operator") or ""): sample.value
        for family in text_string_to_metric_families(get(address, "/metrics")[1])
        for sample in family.samples
    }


def test_operator_metrics_can_be_switched_off(settings: Settings, tmp_path: Path) -> None:
    """A person's live figures are personal data: the setting takes every name out."""
    with running_worker(settings.model_copy(update={"operator_metrics": False}), tmp_path) as worker:
        produce(settings, [call("c1")])
        give_up = time.monotonic() + 20
        while _samples(worker.address).get(("dialer_today_calls", "autumn")) != 1:
            assert time.monotonic() < give_up
            time.sleep(0.1)
        assert "o1" not in get(worker.address, "/metrics")[1]


@pytest.mark.parametrize("command", [["worker", "--unsupervised"], ["worker"]])
def test_a_wrong_setting_ends_a_worker_with_one_line_for_good(settings: Settings, command: list[str]) -> None:
    """Exit 2 is not mended by starting again: the supervisor ends with it."""
    topics.apply(settings)
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    wrong = environment(settings) | {"DIALPULSE_CONVERSATION_RULE": "by-the-weather", "DIALPULSE_WORKER_HTTP": address}
    line = [sys.executable, "-m", "streams.commands", *command]
    answer = subprocess.run(line, env={**os.environ, **wrong}, capture_output=True, text=True, timeout=30, check=False)
    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1 and "DIALPULSE_CONVERSATION_RULE=by-the-weather" in answer.stderr
