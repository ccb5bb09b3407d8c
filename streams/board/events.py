"""Server-sent events: the wall's whole JSON whenever a number changes, and every two seconds at least."""

import asyncio
import contextlib

from aiohttp import web

from streams.board.answers import Answer, Answers
from streams.board.keys import ANSWERS, PAGE, STOPPING

AT_LEAST_EVERY_S = 2.0
"""A page that hears nothing for ten seconds says that it is cut off; so silence must never be normal."""
RETRY_MS = 2000


async def events(request: web.Request) -> web.StreamResponse:
    """`/api/events`: an endless answer; each event is whole, so a page that missed some has missed nothing."""
    response = await open_events(request)
    with contextlib.suppress(ConnectionError):
        await _stream(response, request.app[ANSWERS], request.query.get("site"), request.app[STOPPING])
    return response


async def open_events(request: web.Request) -> web.StreamResponse:
    """Begins an event stream with the page's build, by which a page knows whether it is of now."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    await response.write(f"retry: {RETRY_MS}\nevent: build\ndata: {request.app[PAGE].build}\n\n".encode())
    return response


async def _stream(
    response: web.StreamResponse,
    answers: Answers,
    site: str | None,
    stopping: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    last: Answer | None = None
    sent = 0.0
    await answers.watch.first()
    while not stopping.is_set():
        answer = answers.answer(site)
        due = loop.time() - sent >= AT_LEAST_EVERY_S
        if last is None or due or answer.numbers != last.numbers:
            await response.write(b"id: %d\ndata: %s\n\n" % (answer.made_us, answer.body))
            last, sent = answer, loop.time()
        await answers.watch.news(AT_LEAST_EVERY_S)
