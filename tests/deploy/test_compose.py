"""docker-compose.yml says what it must; no container engine is needed to see it."""

import asyncio
import base64
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from prometheus_client import CollectorRegistry

from streams.board.server import make_app
from streams.commands import main
from streams.local import kafka as local_kafka
from streams.setting_values import host_and_port
from streams.settings import ENV_PREFIX, Settings, load_settings
from streams.worker.http import serving
from tests.deploy.compose import OURS, ROOT, compose, published, services

SERVICES = services()
KAFKA = SERVICES["kafka"]["environment"]


def settings_of(service: str) -> Settings:
    """The settings that a service starts with; a variable that is none of them is an error."""
    variables = {name: value for name, value in SERVICES[service]["environment"].items() if name.startswith(ENV_PREFIX)}
    fields = {name.removeprefix(ENV_PREFIX).lower(): value for name, value in variables.items()}
    assert set(fields) <= set(Settings.model_fields), service
    return load_settings(**fields)


def default_port(field: str) -> int:
    """The port of an address that is a setting's default."""
    return host_and_port(Settings.model_fields[field].default)[1]


def listeners(variable: str) -> dict[str, tuple[str, int]]:
    """Kafka's listeners: name -> (host, port)."""
    found = {}
    for listener in KAFKA[variable].split(","):
        name, _, address = listener.partition("://")
        host, port = address.rsplit(":", 1)
        found[name] = (host, int(port))
    return found


def test_the_file_is_as_the_compose_specification_has_it() -> None:
    """Every word is one of its own, where and as it may stand."""
    found = subprocess.run(
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(ROOT / "docker-compose.yml")],
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr
    assert all("container_name" not in service for service in SERVICES.values()), "a second project could not start"


def test_every_image_names_one_version_and_kafkas_is_that_of_the_local_stack() -> None:
    """A moving tag would change what runs by itself; both ways of running prove the same broker."""
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+(-[a-z]+)?", service["image"]), name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"dialpulse:{project['version']}"}
    jars = (ROOT / "streams/local/jgo.toml").read_text()
    assert SERVICES["kafka"]["image"].split(":")[1] in re.findall(r"org\.apache\.kafka:kafka_[\d.]+:([\d.]+)", jars)


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_with_a_value_that_is_taken(name: str) -> None:
    """A misspelt one would be ignored in silence; the addresses are those of the other containers."""
    settings = settings_of(name)
    assert host_and_port(settings.kafka) == listeners("KAFKA_ADVERTISED_LISTENERS")["INSIDE"]
    redis = urlsplit(settings.redis_url)
    assert (redis.hostname, redis.port) == ("redis", published(SERVICES["redis"])[0][2])


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_with_its_options(name: str) -> None:
    """The words are parsed by the command line itself, which refuses what it does not know."""
    words = list(SERVICES[name]["command"])
    command: click.Command | None = main
    context = click.Context(main, info_name="dialpulse")
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
    assert command is not None
    command.make_context(name, words, parent=context)


def test_everything_is_published_on_loopback_at_the_ports_that_are_the_settings_defaults() -> None:
    """None of these services asks who is there; `dialpulse` on the host finds them without a setting."""
    found = {name: published(service) for name, service in SERVICES.items()}
    assert {address for ports in found.values() for address, _, _ in ports} == {"127.0.0.1"}
    assert all(outside == inside for ports in found.values() for _, outside, inside in ports)
    redis = urlsplit(Settings.model_fields["redis_url"].default).port
    defaults = {"kafka": default_port("kafka"), "redis": redis, "board": default_port("board_http")}
    assert {name: found[name][0][1] for name in defaults} == defaults
    assert found["worker"] == [], "several workers could not have one port of the host"


def test_worker_and_board_listen_to_other_containers_at_their_usual_ports() -> None:
    """On its container's loopback nobody would reach them."""
    worker, board = settings_of("worker"), settings_of("board")
    assert host_and_port(worker.worker_http) == ("0.0.0.0", default_port("worker_http"))  # noqa: S104
    assert host_and_port(board.board_http) == ("0.0.0.0", default_port("board_http"))  # noqa: S104
    assert board.board_published_locally, "it asks nobody who they are, and the only port of it is on loopback"
    assert SERVICES["worker"]["expose"] == [str(default_port("worker_http"))]


def test_what_waits_for_another_waits_for_something_that_can_happen() -> None:
    """Health is asked of services that tell it, an end of those that end; nobody waits for himself in a circle."""
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {"topics", "simulate"}
    started: list[str] = []
    left = dict(SERVICES)
    while left:
        ready = [name for name, service in left.items() if set(service.get("depends_on", {})) <= set(started)]
        assert ready, f"{sorted(left)} wait for each other, or for what is not there"
        for name in ready:
            started.append(name)
            del left[name]
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            else:
                assert how["condition"] == "service_completed_successfully"
                assert SERVICES[other]["restart"] == "no"
    assert set(SERVICES["worker"]["depends_on"]) == {"kafka", "redis", "topics"}
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}


def test_what_stays_comes_back_and_only_the_simulator_has_to_be_asked_for() -> None:
    """A restart policy for every service that is to go on; profiles start none of them by accident."""
    for name, service in SERVICES.items():
        wanted = {"topics": "no", "simulate": "on-failure"}.get(name, "unless-stopped")
        assert service["restart"] == wanted, name
        assert service.get("profiles", []) == (["simulate"] if name == "simulate" else []), name


def test_volumes_are_declared_and_mounted_files_are_there() -> None:
    """A misspelt volume is refused by the engine; a misspelt file becomes an empty folder."""
    mounts = [volume.split(":") for service in SERVICES.values() for volume in service.get("volumes", [])]
    named = {source for source, *_ in mounts if not source.startswith(".")}
    assert named == set(compose()["volumes"])
    files = [(ROOT / source, options) for source, _, *options in mounts if source.startswith(".")]
    assert files
    assert all(path.exists() and options == ["ro"] for path, options in files)
    assert [target for source, target, *_ in mounts if source == "kafka"] == [KAFKA["KAFKA_LOG_DIRS"]]


def test_grafana_finds_its_dashboards_and_the_prometheus_that_runs() -> None:
    """Each variable of the provisioning is set, to a folder that is mounted and a service with that port."""
    grafana = SERVICES["grafana"]
    environment, mounts = grafana["environment"], dict(volume.split(":")[:2] for volume in grafana["volumes"])
    files = [path.read_text() for path in (ROOT / "deploy/grafana/provisioning").rglob("*.yaml")]
    assert {name for text in files for name in re.findall(r"\$\{(\w+)\}", text)} == {
        "PROMETHEUS_URL", "DASHBOARDS_FOLDER",
    }  # fmt: skip
    assert mounts["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["./deploy/grafana/dashboards"] == environment["DASHBOARDS_FOLDER"]
    home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].replace(
        environment["DASHBOARDS_FOLDER"], "deploy/grafana/dashboards"
    )
    assert json.loads((ROOT / home).read_text())["uid"] == "dialpulse-wall"
    prometheus = urlsplit(environment["PROMETHEUS_URL"])
    assert published(SERVICES[str(prometheus.hostname)])[0][2] == prometheus.port


def test_the_board_asks_the_alertmanager_that_runs() -> None:
    """Its banner comes from the service that Prometheus sends alerts to."""
    url = urlsplit(settings_of("board").alertmanager_url or "")
    assert published(SERVICES[str(url.hostname)])[0][2] == url.port


def test_kafkas_listeners_agree_with_each_other() -> None:
    """Each has a protocol, is advertised where clients are to find it, and the controller finds itself."""
    listening, advertised = listeners("KAFKA_LISTENERS"), listeners("KAFKA_ADVERTISED_LISTENERS")
    protocols = dict(pair.split(":") for pair in KAFKA["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    assert set(protocols) == set(listening)
    assert set(advertised) == set(listening) - {KAFKA["KAFKA_CONTROLLER_LISTENER_NAMES"]}
    assert {name: listening[name][1] for name in advertised} == {name: port for name, (_, port) in advertised.items()}
    assert advertised["HOST"] == published(SERVICES["kafka"])[0][:2]
    controller = listening[KAFKA["KAFKA_CONTROLLER_LISTENER_NAMES"]][1]
    assert KAFKA["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"{KAFKA['KAFKA_NODE_ID']}@kafka:{controller}"
    assert KAFKA["KAFKA_INTER_BROKER_LISTENER_NAME"] in advertised


def test_kafka_behaves_as_the_local_one_where_facts_depend_on_it() -> None:
    """The largest record, topics by the registry only, and no end to what names none; a cluster id that is one."""
    assert KAFKA["KAFKA_MESSAGE_MAX_BYTES"] == str(local_kafka._RECORD_BYTES)
    assert KAFKA["KAFKA_REPLICA_FETCH_MAX_BYTES"] == str(local_kafka._RECORD_BYTES)
    assert KAFKA["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert KAFKA["KAFKA_LOG_RETENTION_MS"] == "-1"
    replicas = {value for name, value in KAFKA.items() if name.endswith(("_REPLICATION_FACTOR", "_MIN_ISR"))}
    assert replicas == {"1"}, "one broker holds one copy"
    name = base64.urlsafe_b64decode(KAFKA["CLUSTER_ID"] + "==")
    assert len(name) == 16
    assert base64.urlsafe_b64encode(name).decode().rstrip("=") == KAFKA["CLUSTER_ID"]


def test_redis_keeps_no_file_and_drops_no_record() -> None:
    """Workers fill an empty Redis; one that evicts would hide operators from the board."""
    words = SERVICES["redis"]["command"]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options == {"--save": "", "--appendonly": "no", "--maxmemory-policy": "noeviction"}


def health_url(service: str) -> str:
    """The URL that a service's health check asks."""
    return re.findall(r"http://[^']+", SERVICES[service]["healthcheck"]["test"][-1])[0]


def test_health_checks_ask_for_pages_that_are_there() -> None:
    """The port is the one that the service listens at, the path one that it serves."""
    board = make_app(settings_of("board"))
    assert urlsplit(health_url("board")).path in {resource.canonical for resource in board.router.resources()}
    assert urlsplit(health_url("board")).port == default_port("board_http")
    assert urlsplit(health_url("worker")).port == default_port("worker_http")
    for name in ("prometheus", "alertmanager", "grafana"):
        assert urlsplit(SERVICES[name]["healthcheck"]["test"][-1]).port == published(SERVICES[name])[0][2]
    (told,) = re.findall(r"0\.0\.0\.0:(\d+)", " ".join(SERVICES["recount"]["command"]))
    assert urlsplit(health_url("recount")).port == int(told)


async def test_the_workers_health_check_follows_its_readiness() -> None:
    """The very command, against the worker's real HTTP server on another port: 0 while ready, else not."""
    state = {"ready": True}
    sock = socket.create_server(("127.0.0.1", 0))
    async with serving(sock, CollectorRegistry(), lambda: (state["ready"], "as told")):
        check = [*SERVICES["worker"]["healthcheck"]["test"][1:]]
        check[-1] = check[-1].replace(str(default_port("worker_http")), str(sock.getsockname()[1]))
        assert await _run(check) == 0
        state["ready"] = False
        assert await _run(check) == 1


async def _run(words: list[Any]) -> int:
    assert words[0] == "python"
    child = await asyncio.create_subprocess_exec(sys.executable, *words[1:], stderr=asyncio.subprocess.DEVNULL)
    return await child.wait()
