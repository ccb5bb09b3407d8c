"""The board's banner of alerts, against a real Alertmanager."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from streams.board import alerts
from streams.board.server import make_app
from streams.ports import any_free
from streams.settings import Settings, load_settings

Board = TestClient[web.Request, web.Application]
CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """Debian's prometheus-alertmanager as a process, alone and on loopback."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("prometheus-alertmanager")
        if program is None:
            pytest.fail("prometheus-alertmanager is missing: apt-get install prometheus-alertmanager")
        config = folder / "alertmanager.yml"
        config.write_text(CONFIG)
        self.url = f"http://127.0.0.1:{any_free('127.0.0.1')}"
        listen = self.url.removeprefix("http://")
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={folder}", f"--web.listen-address={listen}",
             "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    async def post(self, path: str, content: object) -> None:
        """Posts to the API, waiting for it to come up."""
        async with aiohttp.ClientSession() as session:
            for _ in range(100):
                try:
                    async with session.post(f"{self.url}/api/v2/{path}", json=content) as answer:
                        assert answer.status == 200, await answer.text()
                        return
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)
        raise AssertionError("Alertmanager did not come up")

    def end(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def alertmanager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Alertmanager]:
    """A running one; the board asks it oftener than in life."""
    monkeypatch.setattr(alerts, "EVERY_S", 0.2)
    running = Alertmanager(tmp_path)
    yield running
    running.end()


@asynccontextmanager
async def board_of(settings: Settings, alertmanager: Alertmanager) -> AsyncIterator[Board]:
    """A board that asks this Alertmanager."""
    own = load_settings(redis_url=settings.redis_url, prefix=settings.prefix, alertmanager_url=alertmanager.url + "/")
    async with TestClient(TestServer(make_app(own))) as client:
        yield client


def alert(name: str, **labels: str) -> dict[str, Any]:
    """An alert that began a minute ago, in the words of our rules."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    return {
        "labels": {"alertname": name} | labels,
        "annotations": {"summary": f"{name} says so", "description": "12 of 30", "runbook": f"docs/runbooks/{name}.md"},
        "startsAt": since.isoformat(),
    }


async def firing(board: Board, names: list[str], query: str = "") -> dict[str, Any]:
    """The alerts of the wall once they are these, in their order."""
    shown: dict[str, Any] = {}
    for _ in range(100):
        shown = (await (await board.get(f"/api/board{query}")).json())["alerts"]
        if shown["state"] == "answers" and [one["name"] for one in shown["firing"]] == names:
            return shown
        await asyncio.sleep(0.1)
    raise AssertionError(shown)


async def test_what_fires_is_told_with_text_time_and_runbook(settings: Settings, alertmanager: Alertmanager) -> None:
    """Critical ones first; those of another site stay there, those of none are everybody's; the floor has them too."""
    await alertmanager.post(
        "alerts",
        [alert("Slow", site="lyon"), alert("Elsewhere", site="lille"), alert("Pipeline", severity="critical")],
    )
    async with board_of(settings, alertmanager) as board:
        shown = await firing(board, ["Pipeline", "Slow"], "?site=lyon")
        assert shown["firing"][1] | {"since": ""} == {
            "name": "Slow", "text": "Slow says so", "more": "12 of 30", "severity": "", "since": "", "site": "lyon",
            "runbook": "docs/runbooks/Slow.md",
        }  # fmt: skip
        assert len((await (await board.get("/api/board")).json())["alerts"]["firing"]) == 3
        floor = await (await board.get("/api/floor?site=lyon")).json()
        assert [one["name"] for one in floor["head"]["alerts"]["firing"]] == ["Pipeline", "Slow"]


async def test_a_silenced_alert_is_not_told(settings: Settings, alertmanager: Alertmanager) -> None:
    """Somebody has said that they know."""
    await alertmanager.post("alerts", [alert("Known"), alert("News")])
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "alertname", "value": "Known", "isRegex": False}], "createdBy": "test",
        "comment": "known", "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    async with board_of(settings, alertmanager) as board:
        await firing(board, ["Known", "News"])
        await alertmanager.post("silences", silence)
        await firing(board, ["News"])


async def test_no_more_than_five_are_shown(settings: Settings, alertmanager: Alertmanager) -> None:
    """The numbers are what the wall is for; the rest is counted."""
    await alertmanager.post("alerts", [alert(f"A{n}") for n in range(8)])
    async with board_of(settings, alertmanager) as board:
        for _ in range(100):
            shown = (await (await board.get("/api/board")).json())["alerts"]
            if shown["more"] == 3:
                break
            await asyncio.sleep(0.1)
        assert (len(shown["firing"]), shown["more"]) == (5, 3)


async def test_an_alertmanager_that_is_away_is_no_alert(settings: Settings, alertmanager: Alertmanager) -> None:
    """What fired before it went is not shown on: nobody knows; and a board without one says nothing of it."""
    await alertmanager.post("alerts", [alert("Old")])
    async with board_of(settings, alertmanager) as board:
        await firing(board, ["Old"])
        alertmanager.end()
        for _ in range(100):
            shown = (await (await board.get("/api/board")).json())["alerts"]
            if shown["state"] == "away":
                break
            await asyncio.sleep(0.1)
        assert shown == {"state": "away", "firing": [], "more": 0}
    async with TestClient(TestServer(make_app(settings))) as client:
        assert (await (await client.get("/api/board")).json())["alerts"]["state"] == "off"


@pytest.mark.parametrize("body", ["[", "{}", '[{"labels": 1}]', '[{"labels": {}, "annotations": {}, "startsAt": "x"}]'])
async def test_nonsense_is_no_alert_either(settings: Settings, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else listens there."""
    monkeypatch.setattr(alerts, "EVERY_S", 0.1)
    app = web.Application()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app.router.add_get("/api/v2/alerts", answer)
    async with TestServer(app) as other:
        own = load_settings(
            redis_url=settings.redis_url, prefix=settings.prefix, alertmanager_url=str(other.make_url(""))
        )
        async with TestClient(TestServer(make_app(own))) as client:
            shown: dict[str, Any] = {}
            for _ in range(50):
                shown = (await (await client.get("/api/board")).json())["alerts"]
                if shown["state"] == "away":
                    break
                await asyncio.sleep(0.05)
            assert shown == {"state": "away", "firing": [], "more": 0}
