"""The board over HTTP: page, JSON, events and health, on a real Redis."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis import Redis

from processors.times import MINUTE_US, format_time
from schemas.redis_keys import hour_name
from streams.board.server import clock_us, make_app
from streams.local import LocalStack
from streams.settings import Settings
from tests.board_floor import Floor, Made

Board = TestClient[web.Request, web.Application]
HOSTILE = '<img src=x onerror="alert(1)">/..%2F'


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[Board]:
    """A running board on the test's prefix."""
    async with TestClient(TestServer(make_app(settings))) as client:
        yield client


@pytest.fixture
def floor(settings: Settings) -> Floor:
    """Two operators with a call each a minute ago, one of them with a hostile id."""
    now = clock_us()
    floor = Floor({"lyon": "Europe/Paris"})
    floor.made = [
        Made(HOSTILE, now - MINUTE_US, "refused", 44.5),
        Made("o2", now - MINUTE_US, site="lille"),
    ]
    with Redis.from_url(settings.redis_url) as redis:
        floor.write(redis, settings.prefix)
        floor.beat(redis, settings.prefix, now)
    return floor


async def events_of(board: Board, path: str, count: int) -> list[dict[str, Any]]:
    """The first whole answers of the event stream."""
    found: list[dict[str, Any]] = []
    async with board.get(path) as response:
        assert response.content_type == "text/event-stream"
        async for line in response.content:
            if line.startswith(b"data: {"):
                found.append(json.loads(line[6:]))
            if len(found) == count:
                break
    return found


async def test_events_carry_the_same_json_as_the_api(board: Board, floor: Floor) -> None:
    """Whoever cannot hold a stream open loses nothing: `/api/board` has the same numbers."""
    (event, again) = await events_of(board, "/api/events?site=lyon", 2)
    answer = await (await board.get("/api/board?site=lyon")).json()
    assert event["schema"] == "dialpulse.board.v1"
    assert again["rolling"] == answer["rolling"]
    assert answer["rolling"]["calls"] == 1
    assert answer["rolling"]["contact_rate"]["numerator"] == 1


async def test_an_event_comes_when_a_number_changes(board: Board, floor: Floor, settings: Settings) -> None:
    """A change with its hint is pushed well before the next regular event."""
    path = "/api/events?site=lyon"
    async with board.get(path) as response:
        seen = 0
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            calls = json.loads(line[6:])["rolling"]["calls"]
            if calls == 2:
                break
            seen += 1
            assert seen < 8
            if calls == 1 and seen < 3:
                floor.made = [*floor.made[:2], Made(HOSTILE, clock_us())]
                with Redis.from_url(settings.redis_url) as redis:
                    floor.write(redis, settings.prefix, hint=True)


async def test_an_operators_hour_is_found_under_a_hostile_id(board: Board, floor: Floor) -> None:
    """Ids travel percent-encoded, whatever is in them, and come back as they are."""
    hour = floor.hour("lyon", floor.made[0].at_us).start_us
    path = f"/api/operators/{quote(HOSTILE, safe='')}/hours/"
    for name in (hour_name(hour), format_time(hour)):
        response = await board.session.get(board.make_url("/").with_path(path + quote(name, safe=""), encoded=True))
        record = await response.json()
        assert (response.status, record["owner"], record["talk_seconds"]) == (
            200,
            HOSTILE,
            44.5,
        )


async def test_an_hour_lists_its_operators_and_can_be_cut_to_a_site(board: Board, floor: Floor) -> None:
    """Whole records, in order of owner."""
    hour = hour_name(floor.hour("lyon", floor.made[0].at_us).start_us)
    everyone = await (await board.get(f"/api/hours/{hour}/operators")).json()
    lille = await (await board.get(f"/api/hours/{hour}/operators", params={"site": "lille"})).json()
    assert [record["owner"] for record in everyone["operators"]] == sorted([HOSTILE, "o2"])
    assert [record["owner"] for record in lille["operators"]] == ["o2"]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/hours/yesterday/operators", 400, "no hour"),
        ("/api/hours/2026-11-23T13:00:07Z/operators", 400, "no hour"),
        ("/api/hours/20011123T1300Z/operators", 404, "no record"),
        ("/api/operators/nobody/hours/20261123T1300Z", 404, "nobody"),
        ("/api/operators/nobody/day", 404, "nobody"),
        ("/?view=attic", 404, "attic"),
        ("/words/xx.json", 404, "xx"),
        ("/nowhere", 404, "/nowhere"),
        ("/static/../server.py", 404, ""),
        ("/static/", 403, ""),
    ],
)
async def test_errors_are_json_that_says_what_to_do(board: Board, path: str, status: int, word: str) -> None:
    """Every error names what is wrong and what to do instead."""
    response = await board.get(path)
    content = await response.json()
    assert response.status == status
    assert word in content["error"]
    assert content["do"]


async def test_the_page_keeps_to_itself(board: Board) -> None:
    """A strict policy on every answer: no script, style or connection but its own, and nobody may frame it."""
    for path in ("/", "/api/board", "/static/main.js", "/nowhere"):
        response = await board.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_speaks_the_browsers_language_and_the_one_asked_for(
    board: Board,
) -> None:
    """`?lang=` wins over Accept-Language; `?theme=light` is light, everything else dark."""
    french = await (await board.get("/", headers={"Accept-Language": "fr"})).text()
    english = await (await board.get("/?lang=en&theme=light", headers={"Accept-Language": "fr"})).text()
    assert '<html lang="fr" data-theme="dark"' in french
    assert '<html lang="en" data-theme="light"' in english


async def test_redis_away_is_said_and_passes(board: Board, floor: Floor, stack: LocalStack, settings: Settings) -> None:
    """Health stays, readiness goes, the numbers stay and are stale; when Redis is back, all of it is well again."""
    assert (await board.get("/readyz")).status == 200
    await until(board, "live")
    stack.stop_redis()
    try:
        assert (await board.get("/healthz")).status == 200
        gone = await board.get("/readyz")
        assert gone.status == 503
        assert "Redis" in (await gone.json())["error"]
        assert (await board.get("/api/hours/20261123T1300Z/operators")).status == 503
        stale = await until(board, "stale")
        assert stale["freshness"]["causes"] == ["redis"]
        assert stale["rolling"]["calls"] == 1
    finally:
        stack.start_redis()
    assert (await board.get("/readyz")).status == 200
    with Redis.from_url(settings.redis_url) as redis:
        floor.beat(redis, settings.prefix, clock_us())
    assert (await until(board, "live"))["freshness"]["causes"] == []


async def until(board: Board, state: str) -> dict[str, Any]:
    """The first event of one stream in this state."""
    async with asyncio.timeout(15), board.get("/api/events?site=lyon") as response:
        async for line in response.content:
            if line.startswith(b"data: {"):
                wall: dict[str, Any] = json.loads(line[6:])
                if wall["freshness"]["state"] == state:
                    return wall
    raise AssertionError(f"the stream ended before it was {state}")
