"""The facts behind a number: a page of this worker as JSON, for whoever holds the token.

What it says of each statement is told by the same code as `dialpulse explain`, which tells it from the fold itself.
"""

import asyncio
import hmac
from typing import Any

import msgspec
from aiohttp import web

from processors.owners import partition_of
from processors.page import Page
from processors.times import parse_time
from schemas.redis_keys import hour_name, parse_hour_name
from streams.ledgers.pages import PageLedger
from streams.recount.explaining import explain
from streams.settings import Settings, env_name

PATH = "/pages/{owner}/{hour}"
MOST_STATEMENTS = 2_000
"""Telling a page apart takes 0.07 ms a statement, in which the worker's own work has to wait."""


class PagesView:
    """Answers `GET /pages/<owner>/<hour>` from the ledger; the ledger is only read."""

    def __init__(self, settings: Settings, ledger: PageLedger) -> None:
        self._settings = settings
        self._ledger = ledger
        # One at a time, whoever asks.
        self._turn = asyncio.Lock()

    async def get(self, request: web.Request) -> web.Response:
        """200 with the page explained; 400, 401, 403, 404, 413 or 503 with `{"error", "do"}`."""
        refused = self._refused(request.headers.get("Authorization", ""))
        if refused is not None:
            return refused
        owner, text = request.match_info["owner"], request.match_info["hour"]
        hour_us = _hour(text)
        if hour_us is None:
            return _failed(400, f"{text!r} is no hour", "write its start in UTC: 20261123T1300Z")
        partition = partition_of(owner, self._settings.partitions)
        book = self._ledger.books.get(partition)
        if book is None or not book.is_whole:
            return _failed(
                503, f"partition {partition} is not served here now", "see the partition's heartbeat for who serves it"
            )
        page = book.pages.get((owner, hour_us))
        if page is None:
            return _failed(
                404, f"no page of {owner!r} in the hour {hour_name(hour_us)}", "see dialpulse explain --help"
            )
        if len(page) > MOST_STATEMENTS:
            return _failed(413, f"the page has {len(page)} statements", f"run dialpulse explain {owner!r} {text}")
        async with self._turn:
            # A copy, and beside the loop: facts go on coming in while it is told.
            told = await asyncio.to_thread(explain, self._settings, _copy(page))
        return _reply(200, told)

    def _refused(self, header: str) -> web.Response | None:
        token = self._settings.pages_token
        if token is None:
            return _failed(403, "this worker shows no pages", f"set {env_name('pages_token')}, for worker and board")
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(
            given.strip().encode(), token.get_secret_value().encode()
        ):
            return _failed(401, "pages need the token", f"send Authorization: Bearer with {env_name('pages_token')}")
        return None


def _copy(page: Page) -> Page:
    copied = Page(page.owner, page.hour_us)
    copied.kinds = [None if book is None else dict(book) for book in page.kinds]
    copied.weight, copied.parts = page.weight, set(page.parts)
    return copied


def _hour(text: str) -> int | None:
    hour_us = parse_hour_name(text)
    if hour_us is not None:
        return hour_us
    try:
        hour_us = parse_time(text)
        hour_name(hour_us)
    except ValueError:
        return None
    return hour_us


def _failed(status: int, error: str, do: str) -> web.Response:
    return _reply(status, {"error": error, "do": do})


def _reply(status: int, content: Any) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(content),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
