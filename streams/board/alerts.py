"""What is firing, asked of Alertmanager: silenced and inhibited alerts are not told, since somebody decided so."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Literal

import aiohttp
import msgspec
from aiohttp import web

from processors.times import parse_time
from streams.board.fetching import read_at_most
from streams.board.wall import Alert, Alerts

EVERY_S = 10.0
WITHIN_S = 5.0
MOST = 5
"""Alerts shown; the rest is told as a number."""
LONGEST_TEXT = 300
PATH = "/api/v2/alerts?active=true&silenced=false&inhibited=false&unprocessed=false"
GREATEST_BYTES = 4_000_000

log = logging.getLogger(__name__)


class _Told(msgspec.Struct, rename="camel"):
    """An alert as Alertmanager's API v2 has it."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str


_TOLD = msgspec.json.Decoder(list[_Told])


class Firing:
    """Asks every ten seconds for as long as the board runs. Without an address nothing is asked."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._state: Literal["off", "asking", "answers", "away"] = "off" if url is None else "asking"
        self._alerts: list[Alert] = []

    def of_site(self, site: str | None) -> Alerts:
        """What concerns a site: its own alerts and those of no site; all where no site is named."""
        mine = [alert for alert in self._alerts if site is None or alert.site in (None, site)]
        return Alerts(self._state, mine[:MOST], max(0, len(mine) - MOST))

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Asks while the board runs; to be put into `cleanup_ctx`."""
        asking = asyncio.create_task(self._run()) if self._url is not None else None
        yield
        if asking is not None:
            asking.cancel()
            await asyncio.wait({asking})

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            while True:
                await self._ask(session)
                await asyncio.sleep(EVERY_S)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(f"{self._url}{PATH}", allow_redirects=False) as answer:
                answer.raise_for_status()
                body = await read_at_most(answer, GREATEST_BYTES)
            found = [_alert(told) for told in _TOLD.decode(body)]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Not an alert, and no longer any knowledge of one: what fired before may be over.
            if self._state != "away":
                log.warning("Alertmanager gives no alerts: %s", type(error).__name__)
            self._state, self._alerts = "away", []
            return
        self._state = "answers"
        self._alerts = sorted(found, key=lambda alert: (alert.severity != "critical", alert.since, alert.name))


def _alert(told: _Told) -> Alert:
    parse_time(told.starts_at)
    texts = told.annotations
    name = told.labels.get("alertname", "")
    return Alert(
        name=name,
        text=(texts.get("summary") or texts.get("description") or name)[:LONGEST_TEXT],
        more=texts.get("description", "")[:LONGEST_TEXT] if texts.get("summary") else "",
        severity=told.labels.get("severity", ""),
        since=told.starts_at,
        site=told.labels.get("site"),
        runbook=texts.get("runbook_url") or texts.get("runbook"),
    )
