"""The facts behind an operator-hour: asked of the worker that owns it, by the board and never by the browser."""

import json
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
from aiohttp import web
from yarl import URL

from schemas.redis_keys import hour_name
from streams import setting_values as values
from streams.board.fetching import read_at_most
from streams.board.replies import failed
from streams.settings import Settings, env_name

WITHIN_S = 10.0
GREATEST_BYTES = 8_000_000


class WorkerPages:
    """Fetches pages from workers. `session` is there while the board runs."""

    def __init__(self, settings: Settings) -> None:
        token = settings.pages_token
        self._token = None if token is None else token.get_secret_value()
        self.session: aiohttp.ClientSession | None = None

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """The connections to workers live as long as the board; to be put into `cleanup_ctx`."""
        # Without the environment's proxies: workers are reached as their heartbeats say.
        timeout = aiohttp.ClientTimeout(total=WITHIN_S)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as self.session:
            yield

    async def page(self, worker: str, owner: str, hour_us: int) -> tuple[int, bytes]:
        """(status, JSON) as the worker answers. Raises HTTPException where it cannot be had."""
        if self._token is None:
            raise failed(503, "this board shows no facts", f"set {env_name('pages_token')}, for board and workers")
        assert self.session is not None
        path = f"/pages/{quote(owner, safe='')}/{hour_name(hour_us)}"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            host, port = values.host_and_port(worker)
            url = URL(f"http://{f'[{host}]' if ':' in host else host}:{port}{path}", encoded=True)
            async with self.session.get(url, headers=headers, allow_redirects=False) as answer:
                body = await read_at_most(answer, GREATEST_BYTES)
                status = answer.status
            json.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise failed(
                502, f"the worker at {worker!r} gave no page: {type(error).__name__}", "see its log, and try again"
            ) from None
        return status, body
