"""`dialpulse top`: the live table of operators in the terminal."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import click
from redis import RedisError
from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from processors.times import SECOND_US, to_datetime
from streams.board.freshness import freshness
from streams.board.holdings import Holdings
from streams.board.people import People, Row
from streams.board.reader import Reader, connect
from streams.board.server import clock_us
from streams.board.wall import Ratio
from streams.errors import UserError
from streams.settings import Settings, load_settings

EVERY_S = 1.0

SORTS: dict[str, Callable[[Row], Any]] = {
    "operator": lambda row: row.operator,
    "calls": lambda row: -row.calls,
    "conversations": lambda row: -row.conversations,
    "appointments": lambda row: -row.appointments,
    "rolling": lambda row: -row.rolling_calls,
    "contact": lambda row: -(row.contact_rate.value or 0) if not row.contact_rate.too_few else 1,
    "updated": lambda row: -row.updated_us,
}
COLUMNS = (
    "calls", "conv.", "appts", "calls 60 min", "conv. 60 min",
    "contact today", "appts / conv. today", "last update",
)  # fmt: skip


@click.command()
@click.option(
    "--sort",
    type=click.Choice(list(SORTS)),
    default="operator",
    show_default=True,
    help="Order of the rows.",
)
@click.option("--site", help="Only the operators of this site.")
@click.option("--once", is_flag=True, help="Print one table and exit.")
def command(sort: str, site: str | None, once: bool) -> None:
    """The live table of operators: the running hour, the last 60 minutes, and the day's rates.

    Rates over fewer than ten cases are shown as their counts, greyed. Times are the site's. Ctrl-C ends it.

    \b
    Example:
      dialpulse top --sort rolling
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(load_settings(), sort, site, once))


async def _run(settings: Settings, sort: str, site: str | None, once: bool) -> None:
    redis = connect(settings.redis_url)
    people = People(Reader(redis, settings.prefix), Holdings(settings.time_zone), clock_us)
    console = Console()
    try:
        table = await _table(people, sort, site, None)
        if once:
            console.print(table)
            return
        with Live(table, console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while True:
                await asyncio.sleep(EVERY_S)
                with contextlib.suppress(RedisError, OSError):
                    table = await _table(people, sort, site, console.height)
                    people.holdings.lost_us = None
                    live.update(table, refresh=True)
                    continue
                people.holdings.lost_us = people.holdings.lost_us or clock_us()
                table.caption = Text(
                    f"Redis does not answer since {_clock(people.holdings.lost_us, _zone(people))}",
                    "red",
                )
                live.update(table, refresh=True)
    except (RedisError, OSError) as error:
        raise UserError(
            f"Redis does not answer ({type(error).__name__}): start it, or correct DIALPULSE_REDIS_URL",
            exit_code=1,
        ) from None
    finally:
        await redis.aclose()


async def _table(people: People, sort: str, site: str | None, height: int | None) -> Table:
    rows = [row for row in await people.read() if site is None or row.site == site]
    rows.sort(key=SORTS[sort])
    # Title, heads (three lines where the screen has 80 columns), rules and caption.
    shown = rows if height is None else rows[: max(1, height - 9)]
    hidden = len(rows) - len(shown)
    table = Table(
        title=Text("dialpulse top: the running hour", "bold"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption=_caption(people, rows, hidden),
    )
    table.add_column("operator", overflow="fold")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for row in shown:
        table.add_row(*_cells(row, _zone(people, row.site)))
    return table


def _cells(row: Row, zone: ZoneInfo) -> list[Text]:
    counts = (
        row.calls,
        row.conversations,
        row.appointments,
        row.rolling_calls,
        row.rolling_conversations,
    )
    # Ids become Text, never markup: an id like [red] stays what it is.
    return [
        Text(row.operator),
        *(Text(str(count), "" if count else "dim") for count in counts),
        _share(row.contact_rate),
        _share(row.appointments_per_conversation),
        Text(_clock(row.updated_us, zone), "dim"),
    ]


def _share(ratio: Ratio) -> Text:
    if ratio.value is None or ratio.too_few:
        return Text(f"{ratio.numerator}/{ratio.denominator}", "dim")
    return Text(f"{ratio.value:.1%}")


def _caption(people: People, rows: Sequence[Row], hidden: int) -> Text:
    now = clock_us()
    fresh = freshness(people.holdings, {row.operator for row in rows}, now)
    more = f"; {hidden} more below the edge of the screen" if hidden else ""
    if fresh.state == "waiting":
        return Text("no worker has written here yet: start one with dialpulse worker", "yellow")
    if fresh.state == "stale":
        partitions = ", ".join(map(str, fresh.partitions.silent))
        return Text(
            f"FROZEN for {fresh.operators.affected} of {fresh.operators.known}: partitions {partitions} are silent",
            "red",
        )
    age = min((beat.at_us for beat in people.holdings.beats.values()), default=now)
    zone = _zone(people)
    return Text(
        f"{len(rows)} operators{more}; updated {(now - age) // SECOND_US} s ago, {_clock(now, zone)} {zone.key}",
        "dim",
    )


def _zone(people: People, site: str | None = None) -> ZoneInfo:
    marker = people.holdings.marker
    if marker is None:
        return ZoneInfo(people.holdings.default_zone)
    return ZoneInfo(marker.site_time_zones.get(site or "", marker.time_zone))


def _clock(us: int, zone: ZoneInfo) -> str:
    return f"{to_datetime(us).astimezone(zone):%H:%M:%S}"
