"""One operator against their own past and the median of their team."""

from deploy.grafana.src.boards import Board
from deploy.grafana.src.look import APPOINTMENTS, CALLS, CONVERSATIONS, QUIET, TEXT
from deploy.grafana.src.queries import PERSON, SITE, before, hour_so_far
from deploy.grafana.src.tiles import Overrides, Panel, Query, Tile, coloured, lines, number
from deploy.grafana.src.wording import EXACT, HOUR, about_count, count_title

_SELECTED = f"{SITE}, {PERSON}"
_FINISHED = "finished hours"
_COLOURS = {"calls": CALLS, "conversations": CONVERSATIONS, "appointments": APPOINTMENTS, "sales": TEXT}
_NONE = "nothing in this hour"


def board() -> Board:
    """The operator."""
    panels = [
        *(_number(count, colour) for count, colour in _COLOURS.items()),
        _talk(),
        *(_hour(count) for count in ("calls", "conversations")),
        *(_finished(count) for count in ("calls", "conversations", "appointments")),
    ]
    about = "One operator beside their own yesterday and last week, and beside the median of their team. Personal data."
    return Board("dialpulse-operator", "Dialpulse operator", about, ["site", "team", "operator"], panels, "now-24h")


def _number(count: str, colour: str) -> Panel:
    about = about_count(count, "the hour in progress by the clock of the site")
    query = Query(hour_so_far(count, _SELECTED, ""))
    return number(Tile(count_title(count), HOUR, about, "locale", [query], 5, 5, 0, _NONE), colour)


def _talk() -> Panel:
    about = f"Talk time of conversations in the hour in progress. {EXACT}"
    query = Query(hour_so_far("talk_seconds", _SELECTED, ""))
    return number(Tile("Talk", HOUR, about, "s", [query], 4, 5, 0, _NONE), TEXT)


def _hour(count: str) -> Panel:
    gauge = f"dialer_operator_hour_{count}{{{_SELECTED}}}"
    queries = [
        Query(f"sum ({gauge})", "this operator", "points"),
        Query(_median(f"dialer_operator_hour_{count}"), "team median", "points"),
        Query(f"sum ({before(gauge, '1d')})", "a day before", "points"),
        Query(f"sum ({before(gauge, '1w')})", "a week before", "points"),
    ]
    about = (
        f"{about_count(count, 'the hour in progress at each point: it falls to 0 as an hour begins')} "
        "A day and a week before are empty until Prometheus has kept that long."
    )
    tile = Tile(f"{count_title(count)} in the hour", "hour so far, at each point", about, "locale", queries, 12, 9, 0)
    return lines(tile, _looks(_COLOURS[count]))


def _finished(count: str) -> Panel:
    most = f"max_over_time(dialer_operator_hour_{count}{{{_SELECTED}}}[1h])"
    team = f"max_over_time(dialer_operator_hour_{count}{{{SITE}}}[1h])"
    queries = [
        Query(f"max ({most})", "this operator", "points", step="1h"),
        Query(_median(team, most), "team median", "points", step="1h"),
    ]
    about = (
        f"{count_title(count)} of each whole hour, standing at its end: the greatest number seen while it ran, so "
        "without later corrections, for which see dialpulse explain. Hours of zones that are not whole hours from UTC "
        "are cut at UTC's. Empty until the first hour is over."
    )
    tile = Tile(f"{count_title(count)} by hour", _FINISHED, about, "locale", queries, 8, 9, 0)
    return lines(tile, _looks(_COLOURS[count]), bars=True)


def _median(of: str, own: str = "") -> str:
    """The median of the operator's own team, whichever that was at the time."""
    everybody = of if "{" in of else f"{of}{{{SITE}}}"
    mine = own or f"{of}{{{_SELECTED}}}"
    return f"max (quantile by (site, team) (0.5, {everybody}) and on (site, team) {mine})"


def _looks(colour: str) -> Overrides:
    looks = coloured(**{"this operator": colour, "team median": QUIET, "a day before": QUIET, "a week before": QUIET})
    looks["team median"] |= {"custom.lineStyle": {"fill": "dash", "dash": [10, 6]}}
    looks["a day before"] |= {"custom.lineWidth": 1}
    looks["a week before"] |= {"custom.lineWidth": 1, "custom.lineStyle": {"fill": "dot", "dash": [0, 6]}}
    return looks
