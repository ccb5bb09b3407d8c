"""The worker's HTTP: metrics and health, on loopback unless told otherwise."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, exposition

Ready = Callable[[], tuple[bool, str]]
"""(whether the worker is ready, one sentence that says why or why not)."""


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _routes(registry: CollectorRegistry, ready: Ready, more: Mapping[str, Handler]) -> web.Application:
    async def metrics(request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(request: web.Request) -> web.Response:
        is_ready, why = ready()
        return web.Response(text=f"{why}\n", status=200 if is_ready else 503)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    for path, handler in more.items():
        app.router.add_get(path, handler)
    return app


@asynccontextmanager
async def serving(
    sock: socket.socket, registry: CollectorRegistry, ready: Ready, more: Mapping[str, Handler] | None = None
) -> AsyncIterator[None]:
    """Serves on a listening socket while the context is open; `more` are handlers by path."""
    runner = web.AppRunner(
        _routes(registry, ready, more or {}), access_log=None, handle_signals=False, shutdown_timeout=1
    )
    await runner.setup()
    try:
        await web.SockSite(runner, sock).start()
        yield
    finally:
        await runner.cleanup()
