"""Who may see what: nothing, the wall, or the people too.

A token's holder proves it by `Authorization: Bearer`, or by a cookie that is signed with the token and never holds it:
a token that is changed ends every cookie made with it.
"""

import hmac
import time
from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr

from streams import setting_values as values
from streams.errors import UserError
from streams.settings import Settings, env_name

COOKIE = "dialpulse"


class Level(IntEnum):
    """What a request may see; each includes those before it."""

    NOTHING = 0
    WALL = 1
    FLOOR = 2


LIFE_S = {Level.WALL: 400 * 86_400, Level.FLOOR: 12 * 3600}
"""How long a sign-in holds: a wall hangs for months, a supervisor goes home."""


class Access:
    """The rules of one board. Raises UserError for a board that strangers could reach and that asks nobody."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.time) -> None:
        self._tokens: dict[Level, str] = {}
        for level, token in ((Level.WALL, settings.board_wall_token), (Level.FLOOR, settings.board_floor_token)):
            if token is not None:
                self._tokens[level] = _clear(token)
        self._header = settings.board_user_header
        self._proxies = [ip_network(part) for part in values.listed(settings.board_proxies)]
        self._floor_users = set(values.listed(settings.board_floor_users))
        self._names = set(values.listed(settings.board_names))
        self._now_s = now_s
        self.is_open = not self._tokens and self._header is None
        is_local = values.is_loopback(values.host_and_port(settings.board_http)[0])
        if self.is_open and not is_local and not settings.board_published_locally:
            raise UserError(_refusal(settings))

    def has_token(self, level: Level) -> bool:
        """Whether some token reaches this level."""
        return any(own >= level for own in self._tokens)

    def level(self, request: web.Request) -> Level:
        """What a request may see."""
        return max(self._by_bearer(request), self._by_cookie(request), self._without_token(request))

    def wrong_name(self, request: web.Request) -> bool:
        """Whether a request that would be let in for where it comes from asks for a name that is not this board's.

        A page of another site may have its own name resolved to this address, and would then read everything.
        """
        from_here = self.is_open or values.is_loopback(request.remote or "")
        return from_here and not self._is_our_name(request.host)

    def token_level(self, token: str) -> Level:
        """What a token opens."""
        found = Level.NOTHING
        for level, own in self._tokens.items():
            if hmac.compare_digest(own.encode(), token.encode()):
                found = level
        return found

    def cookie(self, level: Level) -> str:
        """A cookie's value that stands for the level's token until its time is over."""
        until = int(self._now_s()) + LIFE_S[level]
        return f"{level.value}.{until}.{self._signature(level, until)}"

    def is_signed_in(self, request: web.Request) -> bool:
        """Whether the request carries a cookie that holds."""
        return self._by_cookie(request) is not Level.NOTHING

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser came by TLS, as the connection or a proxy that is believed says."""
        return request.secure or (self._is_proxy(request) and request.headers.get("X-Forwarded-Proto") == "https")

    def _by_bearer(self, request: web.Request) -> Level:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return self.token_level(token.strip()) if scheme.lower() == "bearer" else Level.NOTHING

    def _by_cookie(self, request: web.Request) -> Level:
        parts = request.cookies.get(COOKIE, "").split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 16 for part in parts[:2]):
            return Level.NOTHING
        until = int(parts[1])
        for level in self._tokens:
            is_ours = hmac.compare_digest(self._signature(level, until).encode(), parts[2].encode())
            if level == int(parts[0]) and is_ours and self._now_s() < until:
                return level
        return Level.NOTHING

    def _without_token(self, request: web.Request) -> Level:
        if not self.is_open and not self._is_proxy(request):
            return Level.NOTHING
        if self.wrong_name(request):
            return Level.NOTHING
        if self.is_open:
            return Level.FLOOR
        user = request.headers.get(self._header or "", "").strip()
        if not user:
            return Level.NOTHING
        return Level.FLOOR if not self._floor_users or user in self._floor_users else Level.WALL

    def _is_proxy(self, request: web.Request) -> bool:
        try:
            peer = ip_address((request.remote or "").partition("%")[0])
        except ValueError:
            return False
        plain = getattr(peer, "ipv4_mapped", None) or peer
        return any(plain in network for network in self._proxies)

    def _is_our_name(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return values.is_loopback(name) or name in self._names

    def _signature(self, level: Level, until: int) -> str:
        return hmac.new(self._tokens[level].encode(), f"board {level.value} {until}".encode(), sha256).hexdigest()


def _clear(token: SecretStr) -> str:
    return token.get_secret_value()


def _refusal(settings: Settings) -> str:
    tokens = f"{env_name('board_wall_token')} and {env_name('board_floor_token')}"
    header = f"{env_name('board_user_header')} and {env_name('board_proxies')}"
    return (
        f"{env_name('board_http')}={settings.board_http} would show every operator's figures to whoever reaches it: "
        f"set {tokens}, or {header}; or, where its port is published on loopback only, "
        f"{env_name('board_published_locally')}=true"
    )
