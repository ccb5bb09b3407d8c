"""Lets requests in or turns them away, and signs browsers in."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from streams.board.access import COOKIE, LIFE_S, Level
from streams.board.keys import ACCESS, PAGE
from streams.board.page import preferred, theme_of
from streams.board.replies import failed

OPEN = {"/healthz", "/readyz", "/static", "/words/{language}.json", "/sign-in", "/sign-out"}
"""Routes without a number in them: probes, the page's files and the way in."""
WALL = {"/", "/api/board", "/api/events"}
"""Routes of the wall; every other one has people in it and needs the floor."""


@web.middleware
async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answers 401, 403 or 421 to what a request may not see; a browser gets the page to sign in."""
    needed = _needed(request)
    access = request.app[ACCESS]
    if needed is not Level.NOTHING and request.path == "/" and "token" in request.query:
        return _signed_in(request, request.query["token"], request.query_string)
    have = access.level(request)
    if have >= needed:
        answer: web.StreamResponse = await handler(request)
        return answer
    if access.is_open:
        raise failed(421, f"this board is not called {request.host!r}", "open it at 127.0.0.1, or set BOARD_NAMES")
    if request.path == "/":
        return _sign_in_page(request, needed, have, request.query_string)
    if have is Level.NOTHING:
        raise failed(401, f"{request.path} needs a token", "send Authorization: Bearer with the board's token")
    raise failed(403, f"{request.path} is about people, and the wall's token does not open it", "use the floor's token")


async def sign_in(request: web.Request) -> web.StreamResponse:
    """`POST /sign-in` with `token` and `next`: a cookie, and back to the page; or the form again."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise failed(403, "signed in from another site", "open / and sign in there")
    form = await request.post()
    return _signed_in(request, str(form.get("token", "")), urlsplit(str(form.get("next", ""))).query)


async def sign_out(request: web.Request) -> web.StreamResponse:
    """`POST /sign-out`: the cookie is gone."""
    response = web.HTTPSeeOther("/")
    response.del_cookie(COOKIE)
    raise response


def _needed(request: web.Request) -> Level:
    resource = request.match_info.route.resource
    if resource is None or resource.canonical in OPEN:
        # No such address: the answer is 404, and says nothing of anybody.
        return Level.NOTHING
    if resource.canonical not in WALL:
        return Level.FLOOR
    return Level.FLOOR if request.path == "/" and request.query.get("view") == "floor" else Level.WALL


def _signed_in(request: web.Request, token: str, query: str) -> web.StreamResponse:
    access = request.app[ACCESS]
    level = access.token_level(token.strip())
    rest = urlencode([(name, value) for name, value in parse_qsl(query) if name != "token"])
    needed = Level.FLOOR if ("view", "floor") in parse_qsl(query) else Level.WALL
    if level is Level.NOTHING and not access.is_open:
        return _sign_in_page(request, needed, level, rest, is_wrong=True)
    response = web.HTTPSeeOther(f"/?{rest}" if rest else "/")
    if level is not Level.NOTHING:
        response.set_cookie(
            COOKIE,
            access.cookie(level),
            max_age=LIFE_S[level],
            httponly=True,
            # Lax and not strict, so that a link to the page in a message opens it; nothing can be changed by one.
            samesite="Lax",
            secure=access.is_secure(request),
        )
    raise response


def _sign_in_page(
    request: web.Request, needed: Level, have: Level, query: str, *, is_wrong: bool = False
) -> web.Response:
    asked = dict(parse_qsl(query))
    language = preferred(asked.get("lang"), request.headers.get("Accept-Language", ""))
    if not request.app[ACCESS].has_token(needed):
        said = "sign_in.closed"
    elif is_wrong:
        said = "sign_in.wrong"
    else:
        said = "sign_in.floor" if needed is Level.FLOOR else "sign_in.wall"
    html = request.app[PAGE].sign_in(language, theme_of(asked), said, f"/?{query}" if query else "/")
    status = 403 if have is not Level.NOTHING else 401
    headers = {"Vary": "Accept-Language, Cookie", "WWW-Authenticate": "Bearer"} if status == 401 else {}
    return web.Response(text=html, content_type="text/html", status=status, headers=headers)
