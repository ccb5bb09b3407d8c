"""The floor over HTTP: whole, as events, and one operator's day."""

import asyncio
import contextlib

import msgspec
from aiohttp import web

from streams.board.events import AT_LEAST_EVERY_S, open_events
from streams.board.floor.answers import Asked, FloorAnswers, changes
from streams.board.floor.shape import Floor, FloorChange, Head
from streams.board.keys import FLOOR, STOPPING
from streams.board.replies import failed, json_reply
from streams.board.wall import Alerts

NEWS_AT_MOST_EVERY_S = 0.9
"""A table in which something moves all the time cannot be read."""


async def floor(request: web.Request) -> web.Response:
    """`/api/floor?site=&campaign=`: every operator of today; its shape is `streams.board.floor.shape.Floor`."""
    answers = request.app[FLOOR]
    await answers.reading.asked()
    response = json_reply(answers.floor(_asked(request)))
    response.enable_compression()
    return response


async def floor_events(request: web.Request) -> web.StreamResponse:
    """`/api/floor/events`: first everything, then what has changed; its shape is `FloorChange`."""
    response = await open_events(request)
    with contextlib.suppress(ConnectionError):
        await _stream(response, request.app[FLOOR], _asked(request), request.app[STOPPING])
    return response


async def day(request: web.Request) -> web.Response:
    """`/api/operators/<id>/day`: the operator's hours of today; `<id>` is percent-encoded."""
    answers, operator = request.app[FLOOR], request.match_info["owner"]
    await answers.reading.asked()
    found = answers.day(operator)
    if found is None:
        raise failed(404, f"no record of {operator!r} today", "see who has one at /api/floor")
    return json_reply(found)


async def _stream(response: web.StreamResponse, answers: FloorAnswers, asked: Asked, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    last: Floor | None = None
    sent = 0.0
    while not stopping.is_set():
        await answers.reading.asked()
        now = answers.floor(asked)
        change = changes(last, now)
        if _is_news(last, change) or loop.time() - sent >= AT_LEAST_EVERY_S:
            await response.write(b"data: %s\n\n" % msgspec.json.encode(change))
            last, sent = now, loop.time()
            await asyncio.sleep(NEWS_AT_MOST_EVERY_S)
        await answers.reading.watch.news(AT_LEAST_EVERY_S)


def _is_news(last: Floor | None, change: FloorChange) -> bool:
    return last is None or bool(change.rows or change.gone) or _signs(last.head) != _signs(change.head)


def _signs(head: Head) -> tuple[str, Alerts]:
    """What is news by itself, without any row."""
    return head.freshness.state, head.alerts


def _asked(request: web.Request) -> Asked:
    return request.query.get("site"), request.query.get("campaign")
