"""`dialpulse reconcile --every`: the recount as a service that Prometheus asks."""

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from schemas.metrics import RECOUNT_METRICS
from streams import ports
from streams.commands import main
from streams.errors import UserError
from streams.recount.report import Report
from streams.recount.service import Recounts
from streams.settings import Settings
from tests.deploy.prometheus_server import metrics_complaints
from tests.floors import golden_mix, produce
from tests.workers import environment, running_worker


def metrics(address: str) -> dict[str, float]:
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return {}
    return {sample.name: sample.value for family in families for sample in family.samples}


def wait_for(address: str, differences: float, after: float = 0) -> dict[str, float]:
    """The metrics once a recount finished after a time has found so many differences."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = metrics(address)
        is_new = found.get("dialpulse_reconcile_timestamp_seconds", 0) > after
        if is_new and found["dialpulse_reconcile_differences"] == differences:
            return found
        time.sleep(0.2)
    raise AssertionError(metrics(address))


def test_a_number_that_was_changed_by_hand_shows_at_the_next_recount(settings: Settings, tmp_path: Path) -> None:
    """First 0 differences and a fresh time; then one key of Redis is taken away, and one is counted."""
    with running_worker(settings, tmp_path):
        produce(settings, golden_mix())
        address = f"127.0.0.1:{ports.any_free('127.0.0.1')}"
        words = ["reconcile", "--every", "1", "--http", address]
        service = subprocess.Popen(
            [sys.executable, "-m", "streams.commands", *words], env=environment(settings), cwd=tmp_path,
            stderr=(tmp_path / "said").open("w"),
        )  # fmt: skip
        try:
            found = wait_for(address, 0)
            assert set(found) == {metric.name for metric in RECOUNT_METRICS}
            assert metrics_complaints(f"http://{address}/metrics") == ""
            assert time.time() - found["dialpulse_reconcile_timestamp_seconds"] < 60
            redis = Redis.from_url(settings.redis_url)
            key = next(iter(redis.scan_iter(f"{settings.prefix}dialpulse:v1:operator:*")))
            assert redis.delete(key) == 1
            wait_for(address, 1, after=found["dialpulse_reconcile_timestamp_seconds"])
        finally:
            service.send_signal(signal.SIGTERM)
        assert service.wait(10) == 0
    assert "1 difference:" in (tmp_path / "said").read_text()


def test_a_recount_that_cannot_be_finished_says_so_and_keeps_what_the_last_one_found() -> None:
    """A broker that is away is no agreement: the time of the last finished recount grows old."""
    recounts, lines = Recounts(), list[str]()

    def values() -> dict[str, float]:
        return {sample.name: sample.value for family in recounts.collect() for sample in family.samples}

    def away() -> Report:
        raise UserError("no broker")

    recounts.once(away, lines.append)
    assert values() == {"dialpulse_reconcile_failed": 1}
    recounts.once(Report, lines.append)
    stood = values()
    recounts.once(away, lines.append)
    assert values() == {**stood, "dialpulse_reconcile_failed": 1}
    assert lines == ["not recounted: no broker", "0 differences in 0 pages", "not recounted: no broker"]


@pytest.mark.parametrize("http", ["9465", "127.0.0.1:x"])
def test_a_wrong_address_is_named(http: str) -> None:
    """Exit 2 and one line, before anything is read."""
    answer = CliRunner().invoke(main, ["reconcile", "--every", "5", "--http", http])
    assert answer.exit_code == 2
    assert answer.stderr == f"dialpulse: --http {http} is not an address: it takes host:port, such as 127.0.0.1:9465\n"
