"""How the board answers: JSON, errors as JSON, and headers that keep the page to itself."""

from typing import Any

import msgspec
from aiohttp import web

SECURITY = {
    # Nothing comes from elsewhere and nothing inline runs: an id that is markup can do no harm even if it got in.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_STATUS: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    401: web.HTTPUnauthorized,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    421: web.HTTPMisdirectedRequest,
    502: web.HTTPBadGateway,
    503: web.HTTPServiceUnavailable,
}


def json_reply(content: Any) -> web.Response:
    """A JSON answer that is not kept by anybody on the way."""
    return web.Response(
        body=msgspec.json.encode(content),
        content_type="application/json",
        charset="utf-8",
    )


def failed(status: int, error: str, do: str) -> web.HTTPException:
    """An error to raise, as JSON."""
    body = msgspec.json.encode({"error": error, "do": do})
    return _STATUS[status](body=body, content_type="application/json")


@web.middleware
async def errors_as_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Unknown addresses and wrong methods answer in JSON too."""
    try:
        response: web.StreamResponse = await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        content = {
            "error": f"{request.method} {request.path}: {error.reason}",
            "do": "see / and /api/board",
        }
        response = json_reply(content)
        response.set_status(error.status)
    return response


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Puts the security headers on every answer; nothing is cached without being asked after."""
    response.headers.update(SECURITY)
    response.headers.setdefault(
        "Cache-Control",
        "no-cache" if request.path.startswith("/static/") else "no-store",
    )
