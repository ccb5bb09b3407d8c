"""The newcomer's path in the README leads where it says, and so does docs/grafana.md."""

import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from streams.ports import any_free
from streams.settings import Settings
from tests.deploy.compose import ROOT
from tests.deploy.grafana_files import DASHBOARDS, GRAFANA
from tests.deploy.prometheus_server import Prometheus

NOTE = (ROOT / "docs/grafana.md").read_text()
LOCAL = GRAFANA / "local/prometheus.yml"


def path_lines() -> list[str]:
    """The lines to type, without their remarks."""
    (block,) = re.findall(r"```sh\n(make demo.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [re.sub(r"\s+#.*", "", line) for line in block.splitlines()]


def test_from_the_demo_to_the_wall_are_five_lines() -> None:
    """Each names what is here: the demo, the file, the folders, the wall's uid."""
    demo, prometheus, exported, grafana, wall = path_lines()
    assert demo == "make demo"
    assert prometheus.endswith("&") and grafana.endswith("&"), "they run beside the next line"
    folders = re.findall(r"\$PWD/(\S+)", exported)
    assert folders == ["deploy/grafana/dashboards", "deploy/grafana/provisioning"]
    assert all((ROOT / folder).is_dir() for folder in folders)
    places = re.findall(r"\$\{(\w+)\}", "".join(path.read_text() for path in GRAFANA.glob("provisioning/*/*.yaml")))
    assert set(places) <= set(re.findall(r"(\w+)=", exported)), "each place is set before Grafana starts"
    assert re.findall(r"/d/([\w-]+)\?kiosk", wall)[0] in DASHBOARDS


def test_the_prometheus_of_the_path_starts_and_looks_for_the_demos_worker(tmp_path: Path) -> None:
    """The line as it stands, but for a port and a folder of the test's own."""
    address = f"127.0.0.1:{any_free('127.0.0.1')}"
    words = shlex.split(path_lines()[1].removesuffix("&"))
    own = {"--web.listen-address": address, "--storage.tsdb.path": str(tmp_path / "kept")}
    assert all(any(word.startswith(f"{option}=") for word in words) for option in own)
    line = [f"{option}={own[option]}" if (option := word.split("=")[0]) in own else word for word in words]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(line, cwd=ROOT, stdout=log, stderr=log)
    try:
        server, give_up = Prometheus(address), time.monotonic() + 30
        # What it scrapes it knows some seconds after it is ready.
        while not (server.is_ready() and server.targets()):
            assert process.poll() is None and time.monotonic() < give_up, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.1)
        (target,) = server.targets()
        assert target == Settings.model_fields["worker_http"].default
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@pytest.mark.parametrize("uid", list(DASHBOARDS))
def test_the_note_leads_to_every_dashboard(uid: str) -> None:
    """A row each, with a link to its file."""
    assert f"(../deploy/grafana/dashboards/{uid}.json)" in NOTE


def test_prometheus_takes_the_file_with_its_rules() -> None:
    """As promtool sees it."""
    done = subprocess.run(["promtool", "check", "config", str(LOCAL)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
