"""The floor over HTTP on a real Redis: whole, as changes, cut, and one operator's day."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis import Redis

from processors.times import HOUR_US
from streams.board.keys import FLOOR
from streams.board.server import clock_us, make_app
from streams.settings import Settings
from tests.board_floor import Floor, Made

Board = TestClient[web.Request, web.Application]
HOSTILE = "<b>o</b>/..%2F é"


@pytest.fixture
async def board(settings: Settings) -> AsyncIterator[Board]:
    """A running board on the test's prefix."""
    async with TestClient(TestServer(make_app(settings))) as client:
        yield client


@pytest.fixture
def floor(settings: Settings) -> Floor:
    """Twelve calls of one operator, one of a hostile one, one of another site, and a campaign's own attempt."""
    now = clock_us() - 1
    floor = Floor({})
    floor.made = [Made("o1", now, "refused" if n % 2 else None, 30.0) for n in range(12)]
    floor.made += [
        Made(HOSTILE, now, "concluded_appointments", 90.0, campaign="winter"),
        Made("o3", now, site="lille", team="t9"),
        Made("@autumn", now),
    ]
    write(settings, floor)
    return floor


def write(settings: Settings, floor: Floor, *, hint: bool = False) -> None:
    """Writes the floor as it is now."""
    with Redis.from_url(settings.redis_url) as redis:
        floor.write(redis, settings.prefix, hint=hint)
        floor.beat(redis, settings.prefix, clock_us())


async def got(board: Board, path: str, **query: str) -> dict[str, Any]:
    """The JSON at a path."""
    answer: dict[str, Any] = await (await board.get(path, params=query)).json()
    return answer


async def test_every_operator_of_today_has_a_row(board: Board, floor: Floor) -> None:
    """In order of operator; a campaign's own attempts are nobody's."""
    answer = await got(board, "/api/floor")
    assert answer["schema"] == "dialpulse.floor.v1"
    assert [row["operator"] for row in answer["rows"]] == sorted([HOSTILE, "o1", "o3"])
    one = next(row for row in answer["rows"] if row["operator"] == "o1")
    assert (one["calls"], one["contact_rate"]["value"]) == (12, 0.5)
    assert answer["head"]["campaigns"] == ["autumn", "winter"]
    assert answer["head"]["teams"] == ["t1", "t9"]


async def test_a_site_and_a_campaign_cut_the_rows(board: Board, floor: Floor) -> None:
    """And with a campaign the numbers too."""
    lille = await got(board, "/api/floor", site="lille")
    winter = await got(board, "/api/floor", campaign="winter")
    assert [row["operator"] for row in lille["rows"]] == ["o3"]
    assert [(row["operator"], row["appointments"]) for row in winter["rows"]] == [(HOSTILE, 1)]


async def test_events_begin_whole_and_go_on_with_what_changed(board: Board, floor: Floor, settings: Settings) -> None:
    """A change sends its own row and no other; silence sends none."""
    changed: list[dict[str, Any]] = []
    async with board.get("/api/floor/events") as response:
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if event["whole"]:
                assert len(event["rows"]) == 3
                floor.made.append(Made("o3", clock_us(), site="lille", team="t9"))
                write(settings, floor, hint=True)
            elif event["rows"]:
                changed.append(event)
            elif changed:
                break
            assert len(changed) < 3
    assert [[row["operator"] for row in event["rows"]] for event in changed] == [["o3"]]
    assert changed[0]["rows"][0]["calls"] == 2


async def test_an_operators_day_has_its_hours_and_their_sum(board: Board, floor: Floor, settings: Settings) -> None:
    """By a hostile id too; hours without a record are left out."""
    path = f"/api/operators/{quote(HOSTILE, safe='')}/day"
    response = await board.session.get(board.make_url("/").with_path(path, encoded=True))
    day = await response.json()
    assert (day["operator"], day["total"]["appointments"], len(day["hours"])) == (HOSTILE, 1, 1)
    assert day["hours"][0]["running"] is True
    assert day["campaigns"] == ["winter"]


async def test_verdicts_of_yesterday_follow_within_seconds(board: Board, floor: Floor, settings: Settings) -> None:
    """The first answer does not wait for two days of records; the second has them."""
    floor.made.append(
        Made("o1", clock_us() - 30 * HOUR_US, "concluded_appointments", 60, extra=("judged", "forced", "honoured"))
    )
    write(settings, floor)
    async with board.get("/api/floor/events") as response:
        async for line in response.content:
            if line.startswith(b"data: {"):
                rows = {row["operator"]: row for row in json.loads(line[6:])["rows"]}
                if "o1" in rows and rows["o1"]["forced_rate"]["numerator"] == 1:
                    break
    assert rows["o1"]["forced_rate"]["denominator"] == 1


async def test_the_floor_reads_nothing_while_nobody_looks(board: Board, settings: Settings) -> None:
    """A wall alone costs Redis no operator's record; who looks after a pause gets the present."""
    floor = Floor({})
    floor.made = [Made("o1", clock_us() - 1)]
    write(settings, floor)
    await got(board, "/api/board")
    reading = board.app[FLOOR].reading
    assert (reading.turns, dict(reading.held.today)) == (0, {})
    assert (await got(board, "/api/floor"))["rows"][0]["calls"] == 1
    assert reading.turns >= 1
