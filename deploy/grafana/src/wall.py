"""The wall: seven numbers and three rows of bars, for a screen that nobody operates (``?kiosk``).

No names, no ranking, no targets. What Prometheus does not have exactly (the rolling hour, sales of a cohort, forced
appointments) is on the page of ``dialpulse board`` and not imitated here.
"""

from deploy.grafana.src.boards import Board
from deploy.grafana.src.look import APPOINTMENTS, CALLS, CONVERSATIONS, TEXT, TROUBLE
from deploy.grafana.src.queries import SITE, Counted, running_hour, share, today
from deploy.grafana.src.rows import by_hour, queries
from deploy.grafana.src.tiles import Panel, Query, Tile, coloured, number
from deploy.grafana.src.wording import EXACT, HOUR, NOW, TODAY, about_count, about_rate, count_title, rate_title

_SILENT_SECONDS = 60.0


def board() -> Board:
    """The wall."""
    panels = [
        _hour("calls", CALLS),
        _hour("conversations", CONVERSATIONS),
        _rate("contact_rate", "conversations", "calls", TEXT, width=8),
        _rate("appointment_rate", "appointments", "calls", APPOINTMENTS),
        _rate("appointments_per_conversation", "appointments", "conversations", APPOINTMENTS),
        _operators(),
        _freshness(),
        _hours(),
        _rates(),
    ]
    about = "How dialling goes, what it brings and when people are reached, for all to see. Add ?kiosk to the address."
    return Board("dialpulse-wall", "Dialpulse wall", about, ["site", "campaign"], panels, "now-12h", refresh="5s")


def _hour(count: Counted, tint: str) -> Panel:
    about = about_count(count, "the hour in progress by the clock of the site, so it begins anew at the full hour")
    tile = Tile(count_title(count), HOUR, about, "locale", [Query(running_hour(count))], 8, 7, 0, "none yet")
    return number(tile, tint)


def _rate(name: str, numerator: Counted, denominator: Counted, colour: str, width: int = 6) -> Panel:
    query = Query(share(today(numerator), today(denominator)))
    about = about_rate(name, "the site's day so far")
    few, height = f"under ten {denominator}", 7 if width > 6 else 5
    return number(Tile(rate_title(name), TODAY, about, "percentunit", [query], width, height, 1, few), colour)


def _operators() -> Panel:
    about = "Operators of whom a fact ended in the last 10 minutes; one who works for two teams counts for both."
    query = Query(f"sum (dialer_operators_active{{{SITE}}})")
    return number(Tile("Operators active", "last 10 minutes", about, "locale", [query], 6, 5, 0, "none"))


def _freshness() -> Panel:
    about = (
        f"Time since the latest accepted fact of any topic. Red from {_SILENT_SECONDS:.0f} s on: look at the pipeline."
    )
    query = Query("time() - max(dialpulse_last_fact_timestamp_seconds)")
    tile = Tile("Since the latest fact", NOW, about, "s", [query], 6, 5, 0, "no worker answers")
    return number(tile, TEXT, (_SILENT_SECONDS, TROUBLE))


def _hours() -> Panel:
    titles = {"Calls": today("calls", "hour"), "Conversations": today("conversations", "hour")}
    about = f"By the hour of the site's clock in which the call began; the last one is still running. {EXACT}"
    tile = Tile("Calls and conversations by hour", TODAY, about, "locale", queries(titles), 12, 9, 0)
    return by_hour(tile, titles, coloured(Calls=CALLS, Conversations=CONVERSATIONS))


def _rates() -> Panel:
    titles = {"Contact rate": share(today("conversations", "hour"), today("calls", "hour"))}
    about = about_rate("contact_rate", "each hour of the site's day")
    tile = Tile("Contact rate by hour", TODAY, about, "percentunit", queries(titles), 12, 9, 0)
    return by_hour(tile, titles, coloured(**{"Contact rate": CONVERSATIONS}))
