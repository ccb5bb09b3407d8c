"""The board's HTTP server: page, JSON, events; one reading task behind all of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from processors.times import SECOND_US
from streams.board import api
from streams.board.access import Access
from streams.board.alerts import Firing
from streams.board.answers import Answers
from streams.board.events import events
from streams.board.floor import api as floor
from streams.board.floor.answers import FloorAnswers
from streams.board.floor.reading import Reading
from streams.board.guard import guard, sign_in, sign_out
from streams.board.holdings import Holdings
from streams.board.keys import ACCESS, ANSWERS, FLOOR, PAGE, PAGES, READER, STOPPING
from streams.board.page import LANGUAGES, STATIC, VIEWS, Page, preferred, theme_of
from streams.board.reader import Reader, connect
from streams.board.replies import errors_as_json, failed, json_reply, protect
from streams.board.rounds import Rounds
from streams.board.watch import Watch
from streams.board.worker_pages import WorkerPages
from streams.roster import RosterFile
from streams.settings import Settings


def clock_us() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


def make_app(settings: Settings, now_us: Callable[[], int] = clock_us) -> web.Application:
    """The board as an aiohttp application. It starts whether or not Redis is there.

    Raises UserError for a board that would be open to strangers.
    """
    access = Access(settings, lambda: now_us() / SECOND_US)
    reader = Reader(connect(settings.redis_url), settings.prefix)
    watch = Watch(reader, Rounds(reader, Holdings(settings.time_zone), now_us))
    firing = Firing(settings.alertmanager_url)
    app = web.Application(middlewares=[errors_as_json, guard])
    app[ACCESS] = access
    app[READER], app[ANSWERS], app[PAGE], app[STOPPING] = (
        reader,
        Answers(watch, firing, now_us),
        Page(),
        asyncio.Event(),
    )
    app[FLOOR] = FloorAnswers(Reading(watch, now_us), RosterFile(settings.roster), firing, now_us)
    app[PAGES] = WorkerPages(settings)
    app.cleanup_ctx.append(app[PAGES].running)
    app.cleanup_ctx.append(firing.running)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(_stop_events)
    app.cleanup_ctx.append(_reading)
    app.add_routes(
        [
            web.get("/", page),
            web.post("/sign-in", sign_in),
            web.post("/sign-out", sign_out),
            web.get("/words/{language}.json", words),
            web.get("/api/board", api.board),
            web.get("/api/events", events),
            web.get("/api/floor", floor.floor),
            web.get("/api/floor/events", floor.floor_events),
            web.get("/api/operators/{owner}/day", floor.day),
            web.get("/api/hours/{hour}/operators", api.operators),
            web.get("/api/operators/{owner}/hours/{hour}", api.operator_hour),
            web.get("/api/operators/{owner}/hours/{hour}/facts", api.facts),
            web.get("/healthz", api.alive),
            web.get("/readyz", api.ready),
            web.static("/static/", STATIC),
        ]
    )
    return app


async def page(request: web.Request) -> web.Response:
    """`/`: the wall, `?lang=`, `?theme=`, `?view=wall|floor`; the rest is read by the page itself."""
    view = request.query.get("view", "wall")
    if view not in VIEWS:
        raise failed(404, f"there is no view {view!r}", "open / for the wall, /?view=floor for the people")
    language = preferred(request.query.get("lang"), request.headers.get("Accept-Language", ""))
    html = request.app[PAGE].html(
        VIEWS[view], language, theme_of(request.query), is_signed_in=request.app[ACCESS].is_signed_in(request)
    )
    return web.Response(text=html, content_type="text/html", headers={"Vary": "Accept-Language, Cookie"})


async def words(request: web.Request) -> web.Response:
    """`/words/<language>.json`: every text of the page."""
    asked = request.match_info["language"]
    for language in LANGUAGES:
        if language == asked:
            return json_reply(request.app[PAGE].words(language))
    raise failed(404, f"no words in {asked!r}", f"take one of {', '.join(LANGUAGES)}")


async def _reading(app: web.Application) -> AsyncIterator[None]:
    watch = app[ANSWERS].watch
    reading = asyncio.create_task(watch.run())
    floor_reading = asyncio.create_task(app[FLOOR].reading.run())
    yield
    await app[FLOOR].reading.stop(floor_reading)
    await watch.stop(reading)
    await app[READER].redis.aclose()


async def _stop_events(app: web.Application) -> None:
    app[STOPPING].set()
