"""The alerts as a supervisor gets them: a real worker, Prometheus with the rules, Alertmanager, and a webhook.

FLOOR_SPEED says how many times as fast as real time it goes, 30 unless set; see ``faster`` for what that changes, and
``python -m tests.deploy.live --help`` for the form in real time.
"""

import os
from collections.abc import Iterator

import pytest

from streams.local import LocalStack
from tests.deploy.live import faster
from tests.deploy.live.scene import SITE, Scene, live_scene
from tests.deploy.live.servers import Told

SPEED = int(os.environ.get("FLOOR_SPEED", "30"))
pytestmark = pytest.mark.timeout(600 + 9000 / SPEED)

CALL_RATE = "DialerCallRateDropping"


@pytest.fixture(scope="module")
def scene(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One floor for all acts of this file, which follow each other."""
    assert SPEED in faster.SPEEDS, f"FLOOR_SPEED is one of {faster.SPEEDS}"
    with live_scene(stack, tmp_path_factory.mktemp("live"), SPEED) as found:
        yield found


def told(scene: Scene, layer: str, since_s: float = 0.0) -> list[Told]:
    """The messages about a layer that came since an instant of the machine's clock."""
    return [
        one for one in scene.receiver.told if one.at_s >= since_s and one.message["commonLabels"].get("layer") == layer
    ]


def test_half_of_the_operators_leave_and_one_alert_says_so_and_why(scene: Scene) -> None:
    """One message within ten minutes; within twenty it names the right factor; it ends when they are back."""
    scene.until(lambda: scene.prometheus.now("site:dialer_judged:bool"), 12, "the floor is judged")
    scene.pass_minutes(2)
    assert scene.receiver.told == []
    (calls,) = scene.prometheus.now('sum(part:dialer_calls:increase{window="1h",campaign!=""})')
    assert float(calls["value"][1]) > 600
    scene.half_is_gone = True
    left_s = scene.clock.now_s
    scene.until(lambda: told(scene, "floor"), 10, "the alert")
    (first,) = scene.receiver.told
    minutes = (scene.clock.now_s - left_s) / 60
    assert first.names == {CALL_RATE}
    assert first.firing
    assert {alert["labels"]["site"] for alert in first.firing} == {SITE}
    assert first.receiver == "floor-supervisors"

    def factors() -> list[str]:
        found = [one for one in scene.prometheus.alerts() if one["labels"]["alertname"] == CALL_RATE]
        return [one["annotations"]["factor"] for one in found if one["state"] == "firing"]

    scene.until(lambda: set(factors()) == {"operators active"}, 20 - minutes, "the right factor")
    named = (scene.clock.now_s - left_s) / 60
    print(f"{len(first.firing)} parts in the alert after {minutes:.1f} minutes, the factor right after {named:.1f}")
    scene.pass_minutes(20 - named)
    assert {one.message["groupKey"] for one in scene.receiver.told} == {first.message["groupKey"]}
    scene.half_is_gone = False
    scene.until(lambda: not told(scene, "floor")[-1].firing, 45, "the end of the alert")


def test_the_worker_is_killed_and_the_pipeline_is_named_but_not_the_floor(scene: Scene) -> None:
    """No worker means no calls in Prometheus, which is no reason to speak of the operators."""
    assert told(scene, "pipeline") == []
    scene.pass_minutes(2)
    since_s = scene.clock.machine_s(scene.clock.now_s)
    scene.worker.kill()
    minutes = scene.until(lambda: told(scene, "pipeline", since_s), 5, "the pipeline's alert")
    print(f"the pipeline's alert after {minutes:.1f} minutes")
    (first,) = told(scene, "pipeline")
    assert first.names == {"DialpulseWorkerMissing"}
    assert first.receiver == "on-call"
    scene.pass_minutes(12)
    assert told(scene, "floor", since_s) == []
    firing = [one["labels"]["alertname"] for one in scene.prometheus.alerts() if one["state"] == "firing"]
    assert firing == ["DialpulseWorkerMissing"]
    assert {name for one in told(scene, "pipeline") for name in one.names} == {"DialpulseWorkerMissing"}
