"""Who may see what on a board, asked over HTTP of the real server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from streams.board.access import LIFE_S, Level
from streams.board.server import make_app
from streams.errors import UserError
from streams.settings import Settings, load_settings

Board = TestClient[web.Request, web.Application]
Start = Callable[..., Any]

WALL, FLOOR = "wall-token-of-20-signs", "floor-token-of-20-signs"
PUBLIC = ("/healthz", "/static/base.css", "/words/en.json")
OF_THE_WALL = ("/", "/api/board")
OF_PEOPLE = ("/?view=floor", "/api/hours/20261123T1300Z/operators", "/api/operators/o1/hours/20261123T1300Z")


@pytest.fixture
async def start(redis_url: str, prefix: str) -> AsyncIterator[Start]:
    """Starts a board with these settings; `clock` is a list with the present in seconds, to be moved."""
    async with AsyncExitStack() as stack:

        async def begin(clock: list[float] | None = None, **given: Any) -> Board:
            settings = load_settings(redis_url=redis_url, prefix=prefix, **given)
            app = make_app(settings, lambda: int(clock[0] * 1e6)) if clock else make_app(settings)
            return await stack.enter_async_context(TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)))

        yield begin


async def statuses(board: Board, paths: tuple[str, ...], **headers: str) -> set[int]:
    """The distinct answers to these paths; 404 of an empty floor counts as let in."""
    answers = [(await board.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})) for path in paths]
    return {200 if answer.status == 404 else answer.status for answer in answers}


async def signed_in(board: Board, token: str, after: str = "/") -> ClientResponse:
    """What signing in answers, not followed."""
    return await board.post("/sign-in", data={"token": token, "next": after}, allow_redirects=False)


async def test_on_loopback_everything_is_open_by_default(start: Start) -> None:
    """Whoever sits at the machine can read Redis as well."""
    assert await statuses(await start(), PUBLIC + OF_THE_WALL + OF_PEOPLE[1:]) == {200}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8088", "127.0.0.1.evil.example", "[", "8.8.8.8"])
async def test_an_open_board_answers_to_no_foreign_name(start: Start, host: str) -> None:
    """A page elsewhere whose name suddenly means 127.0.0.1 reads nothing (DNS rebinding)."""
    board = await start()
    assert await statuses(board, OF_THE_WALL + OF_PEOPLE, Host=host) <= {421, 400}
    assert await statuses(board, ("/healthz",), Host="10.0.0.7:8088") == {200}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8088", "127.0.0.9:1", "[::1]:8088", "wall.example"])
async def test_names_of_this_machine_and_those_set_are_its_own(start: Start, host: str) -> None:
    """By any loopback address, and by what BOARD_NAMES adds."""
    board = await start(board_names="Wall.example, other.example")
    assert await statuses(board, OF_THE_WALL, Host=host) == {200}


@pytest.mark.parametrize("address", ["0.0.0.0:8088", "[::]:8088", "10.1.2.3:8088", "wall.example:8088"])
def test_beyond_loopback_without_a_guard_there_is_no_board(address: str) -> None:
    """It names every way out: tokens, a proxy, or saying that the port is published on loopback only."""
    with pytest.raises(UserError) as caught:
        make_app(load_settings(board_http=address))
    for name in ("BOARD_HTTP", "WALL_TOKEN", "FLOOR_TOKEN", "USER_HEADER", "PROXIES", "PUBLISHED_LOCALLY=true"):
        assert name in str(caught.value)
    assert caught.value.exit_code == 2
    for given in (
        {"board_wall_token": WALL},
        {"board_user_header": "X-User", "board_proxies": "10.0.0.1"},
        {"board_published_locally": True},
    ):
        make_app(load_settings(board_http=address, **given))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1"])
def test_every_way_to_write_loopback_is_loopback(address: str) -> None:
    """An open board starts on each."""
    make_app(load_settings(board_http=address))


async def test_the_walls_token_opens_the_wall_and_never_the_people(start: Start) -> None:
    """As bearer and as cookie alike; every address with people in it stays shut."""
    board = await start(board_wall_token=WALL, board_floor_token=FLOOR)
    assert await statuses(board, PUBLIC) == {200}
    assert await statuses(board, OF_THE_WALL + OF_PEOPLE) == {401}
    assert await statuses(board, OF_THE_WALL, Authorization=f"Bearer {WALL}") == {200}
    assert await statuses(board, OF_PEOPLE, Authorization=f"Bearer {WALL}") == {403}
    assert (await signed_in(board, WALL)).status == 303
    assert await statuses(board, OF_THE_WALL) == {200}
    assert await statuses(board, OF_PEOPLE) == {403}


async def test_the_floors_token_opens_both(start: Start) -> None:
    """A supervisor needs one token, not two."""
    board = await start(board_wall_token=WALL, board_floor_token=FLOOR)
    everything = OF_THE_WALL + OF_PEOPLE
    assert await statuses(board, everything, Authorization=f"bearer {FLOOR}") == {200}
    assert (await signed_in(board, FLOOR)).status == 303
    assert await statuses(board, everything) == {200}
    await board.post("/sign-out", allow_redirects=False)
    assert await statuses(board, everything) == {401}


async def test_a_route_that_nobody_thought_of_is_the_floors(start: Start) -> None:
    """What is not named as the wall's is about people: forgetting closes, it does not open."""
    board = await start(board_wall_token=WALL)
    routes = {route.resource.canonical for route in board.app.router.routes() if route.resource is not None}
    named = {"/", "/api/board", "/api/events", "/healthz", "/readyz", "/static", "/words/{language}.json"}
    for path in sorted(routes - named - {"/sign-in", "/sign-out"}):
        place = path.replace("{hour}", "20261123T1300Z").replace("{owner}", "o1")
        assert "{" not in place
        assert (await board.get(place, headers={"Authorization": f"Bearer {WALL}"})).status == 403, path


@pytest.mark.parametrize("token", ["", "x", WALL + "x", WALL[:-1], "é" * 20, FLOOR.upper()])
async def test_a_wrong_token_opens_nothing(start: Start, token: str) -> None:
    """Not as bearer, form, query or cookie; the page says so and asks again."""
    board = await start(board_wall_token=WALL, board_floor_token=FLOOR)
    assert await statuses(board, ("/api/board",), Authorization=f"Bearer {token}".encode().decode("latin-1")) == {401}
    answer = await signed_in(board, token)
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    assert "no token of this board" in await answer.text()
    assert (await board.get("/", params={"token": token})).status == 401
    assert await statuses(
        board, ("/api/board",), Cookie=f"dialpulse=2.99999999999.{token}".encode().decode("latin-1")
    ) == {401}


async def test_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address(start: Start) -> None:
    """A screen without a keyboard is set up by a link; what stays in its address bar is no secret."""
    board = await start(board_wall_token=WALL)
    answer = await board.get(f"/?site=lyon&token={WALL}&lang=fr", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/?site=lyon&lang=fr")
    cookie = answer.headers["Set-Cookie"]
    assert WALL not in cookie
    assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert await statuses(board, OF_THE_WALL) == {200}


async def test_a_sign_in_ends_by_itself_and_with_its_token(start: Start) -> None:
    """The floor's after a shift; both at once when the token is another one."""
    clock = [1_800_000_000.0]
    board = await start(clock, board_wall_token=WALL, board_floor_token=FLOOR)
    await signed_in(board, FLOOR)
    cookie = next(iter(board.session.cookie_jar)).value
    assert await statuses(board, OF_PEOPLE) == {200}
    other = await start(clock, board_wall_token=WALL, board_floor_token=FLOOR + "2")
    assert await statuses(other, OF_THE_WALL, Cookie=f"dialpulse={cookie}") == {401}
    forged = cookie.replace("2.", "1.", 1)
    assert await statuses(other, OF_THE_WALL, Cookie=f"dialpulse={forged}") == {401}
    clock[0] += LIFE_S[Level.FLOOR] + 1
    assert await statuses(board, OF_THE_WALL + OF_PEOPLE) == {401}


@pytest.mark.parametrize("after", ["//evil.example/", "https://evil.example/?a=1", "/\\evil.example", "javascript:x"])
async def test_signing_in_leads_nowhere_else(start: Start, after: str) -> None:
    """Only the query of `next` is believed."""
    board = await start(board_wall_token=WALL)
    answer = await signed_in(board, WALL, after)
    assert answer.headers["Location"] in ("/", "/?a=1")


async def test_another_site_cannot_sign_a_browser_in(start: Start) -> None:
    """The browser says where a form came from."""
    board = await start(board_wall_token=WALL)
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await board.post("/sign-in", data={"token": WALL}, headers=headers)).status == 403


async def test_a_proxys_user_is_let_in_and_a_pretender_is_not(start: Start) -> None:
    """The header counts from named addresses only, and only under a name of this board where it comes from here."""
    trusted = await start(board_user_header="X-User", board_proxies="127.0.0.0/8")
    assert await statuses(trusted, OF_THE_WALL + OF_PEOPLE, X_User="ada") == {200}
    assert await statuses(trusted, OF_THE_WALL + OF_PEOPLE) == {401}
    assert await statuses(trusted, OF_THE_WALL, X_User=" ") == {401}
    assert await statuses(trusted, OF_THE_WALL, X_User="ada", Host="evil.example") == {401}
    elsewhere = await start(board_user_header="X-User", board_proxies="10.0.0.0/8, ::1")
    assert await statuses(elsewhere, OF_THE_WALL + OF_PEOPLE, X_User="ada") == {401}


async def test_the_people_can_be_kept_to_some_users_of_the_proxy(start: Start) -> None:
    """The others see the wall."""
    board = await start(board_user_header="X-User", board_proxies="127.0.0.1", board_floor_users="ada, bob")
    assert await statuses(board, OF_THE_WALL + OF_PEOPLE, X_User="bob") == {200}
    assert await statuses(board, OF_THE_WALL, X_User="eve") == {200}
    assert await statuses(board, OF_PEOPLE, X_User="eve") == {403}


@pytest.mark.parametrize(("proto", "is_secure"), [("https", True), ("http", False)])
async def test_behind_tls_the_cookie_keeps_to_tls(start: Start, proto: str, is_secure: bool) -> None:
    """As the proxy says that is believed."""
    board = await start(board_wall_token=WALL, board_user_header="X-User", board_proxies="127.0.0.1")
    headers = {"X-Forwarded-Proto": proto}
    answer = await board.post("/sign-in", data={"token": WALL}, headers=headers, allow_redirects=False)
    assert ("Secure" in answer.headers["Set-Cookie"]) is is_secure


async def test_a_view_that_no_token_opens_says_so(start: Start, settings: Settings) -> None:
    """With a wall's token alone the people are closed to all, in both languages."""
    board = await start(board_wall_token=WALL)
    await signed_in(board, WALL)
    english = await board.get("/?view=floor&lang=en")
    french = await board.get("/?view=floor&lang=fr")
    assert (english.status, french.status) == (403, 403)
    assert "No token opens this view" in await english.text()
    assert "Aucun jeton" in await french.text()
