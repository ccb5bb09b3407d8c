"""Ports on this machine: which are free, and what to do about one that is taken."""

import secrets
import socket

from streams import setting_values as values
from streams.errors import UserError
from streams.settings import Settings, env_name

# Below the range from which the kernel takes the near ends of connections: a server that is started again finds its
# port free, and a client that knocks meanwhile cannot be connected to itself.
_QUIET_RANGE = range(12_000, 30_000)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        listening(host, port).close()
    except OSError:
        return False
    return True


def next_free(host: str, port: int) -> int:
    """The first free port from `port` on; UserError where the next hundred are all taken."""
    for candidate in range(port, min(port + 100, 65_536)):
        if is_free(host, candidate):
            return candidate
    raise UserError(f"no free port on {host} from {port} to {port + 99}: end what listens there", exit_code=1)


def any_free(host: str) -> int:
    """A free port far from the usual ones."""
    return next_free(
        host, secrets.choice(_QUIET_RANGE)
    )  # not seeded: two processes that start together must not choose alike


def listening(host: str, port: int) -> socket.socket:
    """A TCP socket that listens at the address; OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Two sockets may be bound with SO_REUSEADDR; only one of them can listen.
        sock.listen()
    except OSError:
        sock.close()
        raise
    return sock


def listening_socket(settings: Settings, field: str, place: int = 0) -> tuple[socket.socket, str]:
    """The socket that serves `worker_http` or `board_http`, and its address `host:port`; ``place`` ports above it.

    A default port that is taken gives the next free one. A port that was set and cannot be had is a UserError.
    """
    address: str = getattr(settings, field)
    host, first = values.host_and_port(address)
    was_set = field in settings.model_fields_set
    shown = f"[{host}]" if ":" in host else host
    reason = "no port of the hundred from it on is free"
    for port in range(first + place, min(first + place + (1 if was_set else 100), 65_536)):
        try:
            return listening(host, port), f"{shown}:{port}"
        except OSError as error:
            if was_set:
                reason = error.strerror or str(error)
    above = f", {place} above {env_name(field)}={address}," if place else ""
    named = f"port {first + place}{above}" if place else f"{env_name(field)}={address}"
    raise UserError(f"{named} cannot be had ({reason}): set a free port, or unset it")
