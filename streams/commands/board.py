"""`dialpulse board`: the wallboard."""

import click
from aiohttp import web

from streams import setting_values as values
from streams.board.server import make_app
from streams.ports import listening_socket
from streams.settings import Settings, load_settings
from streams.worker.supervisor import end_with, supervised_by


@click.command()
@click.option(
    "--host",
    help="Address to listen on (default: the setting BOARD_HTTP's, 127.0.0.1).",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Port to listen on (default: the setting's, 8088).",
)
@supervised_by
def command(host: str | None, port: int | None, supervised_by: int | None) -> None:
    """The wallboard page and its JSON API, read from Redis alone.

    Prints its address and serves until Ctrl-C. It starts whether or not Redis is there, and says so on the page.
    Beyond loopback it starts only with tokens or a proxy's user header: docs/board.md.

    \b
    Example:
      dialpulse board --port 8090
    """
    if supervised_by:
        end_with(supervised_by)
    settings = _settings(host, port)
    # Before anything listens: a board that would be open to strangers does not start.
    app = make_app(settings)
    sock, address = listening_socket(settings, "board_http")
    click.echo(f"the board is at http://{address}/ (Ctrl-C ends it)")
    web.run_app(app, sock=sock, print=None, access_log=None, shutdown_timeout=1.0)


def _settings(host: str | None, port: int | None) -> Settings:
    settings = load_settings()
    if host is None and port is None:
        return settings
    set_host, set_port = values.host_and_port(settings.board_http)
    wanted, number = host or set_host, port or set_port
    return load_settings(board_http=f"[{wanted}]:{number}" if ":" in wanted else f"{wanted}:{number}")
