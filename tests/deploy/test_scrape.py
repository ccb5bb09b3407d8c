"""The scrape file finds the workers and asks them for what they serve."""

import re
import socket
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from processors.hours import Clocks
from processors.opening import SiteCalendar
from processors.rules import rule_named
from schemas.metrics import METRICS
from streams.setting_values import host_and_port
from streams.settings import Settings
from streams.sinks.prometheus import WorkerCollector
from streams.telemetry import Telemetry
from streams.worker.http import serving
from tests.deploy.compose import ROOT, published, services

FILE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
JOBS: dict[str, dict[str, Any]] = {job["job_name"]: job for job in FILE["scrape_configs"]}
WORKERS = JOBS["dialpulse-worker"]


class Idle:
    """A worker with nothing behind."""

    def lag(self) -> dict[tuple[str, ...], int]:
        return {}

    def redis_behind_seconds(self) -> float:
        return 0.0


def test_every_word_of_the_file_is_one_that_prometheus_knows() -> None:
    """It refuses a file with any other; seconds are written as it reads them."""
    assert set(FILE) == {"global", "rule_files", "alerting", "scrape_configs"}
    assert len(JOBS) == len(FILE["scrape_configs"]), "each job has a name of its own"
    known = {"job_name", "metrics_path", "scrape_interval", "dns_sd_configs", "static_configs"}
    assert all(set(job) <= known for job in JOBS.values())
    seconds = {
        name: int(re.fullmatch(r"(\d+)s", text)[1])
        for name, text in FILE["global"].items()
        if "_" in name and name != "external_labels"
    }  # type: ignore[index]
    assert set(seconds) == {"scrape_interval", "scrape_timeout", "evaluation_interval"}
    assert 0 < seconds["scrape_timeout"] <= seconds["scrape_interval"]


def test_workers_are_found_by_the_services_name_at_the_port_they_listen_at() -> None:
    """All of them, one address each: a fixed target would meet another worker at every scrape."""
    (found,) = WORKERS["dns_sd_configs"]
    assert found["names"] == ["worker"]
    assert set(found["names"]) <= set(services())
    assert found["type"] == "A"
    assert found["port"] == host_and_port(Settings.model_fields["worker_http"].default)[1]
    assert services()["worker"]["expose"] == [str(found["port"])]


def test_prometheus_watches_itself_where_it_listens_and_reads_this_file() -> None:
    """The service's command names the place where the file is mounted."""
    prometheus = services()["prometheus"]
    ((target,),) = (config["targets"] for config in JOBS["prometheus"]["static_configs"])
    assert host_and_port(target) == (published(prometheus)[0][0], published(prometheus)[0][2])
    options = dict(word.removeprefix("--").split("=") for word in prometheus["command"])
    mounts = dict(volume.split(":")[:2] for volume in prometheus["volumes"])
    assert mounts["./deploy/prometheus/prometheus.yml"] == options["config.file"]
    assert mounts["prometheus"] == options["storage.tsdb.path"]


@pytest.mark.parametrize("accepts", ["text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"])
async def test_the_path_gives_every_metric_of_the_catalogue_and_no_other(accepts: str) -> None:
    """The worker's own collector on its own server, asked as Prometheus asks."""
    registry = CollectorRegistry()
    registry.register(
        WorkerCollector(
            Telemetry(lambda: None), {}, Clocks("UTC"), SiteCalendar(Clocks("UTC")), rule_named("outcome"), Idle(),
            version="1", by_operator=True, now_us=lambda: 0,
        )
    )  # fmt: skip
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}{WORKERS['metrics_path']}"
    async with (
        serving(sock, registry, lambda: (True, "ready")),
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Accept": accepts}) as reply,
    ):
        assert reply.status == 200
        assert reply.content_type == accepts.split(";", maxsplit=1)[0]
        text = await reply.text()
    names = re.findall(r"^# TYPE (\S+) \w+$", text, re.MULTILINE)
    assert {name.removesuffix("_total") for name in names} == {metric.name.removesuffix("_total") for metric in METRICS}
    if "openmetrics" not in accepts:
        families = {family.name: family for family in text_string_to_metric_families(text)}
        assert families["dialpulse_build_info"].samples[0].labels == {"version": "1"}
