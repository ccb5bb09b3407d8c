"""The floor: a row per operator for supervisors, and how teams do. People's figures: not for the wall."""

from deploy.grafana.src.boards import Board
from deploy.grafana.src.look import CALLS, CONVERSATIONS
from deploy.grafana.src.queries import TEAM, hour_so_far, increase, share
from deploy.grafana.src.rows import heat, link, listing, queries, warning
from deploy.grafana.src.tiles import Overrides, Panel, Query, Tile, lines, number
from deploy.grafana.src.wording import EXACT, HOUR, TREND, about_count, about_rate, count_title, rate_title

_PEOPLE = ("site", "team", "operator")
_TEN = "last 10 minutes"
_LEAST_OF_MEDIAN = 0.5
_NO_PEOPLE = "no operator in this hour, or DIALPULSE_OPERATOR_METRICS is off"


def board() -> Board:
    """The floor."""
    panels = [
        *(_total(count) for count in ("calls", "conversations", "appointments")),
        _active(),
        _operators(),
        _pace(),
        _contact(),
        _talk(),
    ]
    about = "A row per operator in the hour in progress, and the pace of teams. Sort by a column, open an operator."
    return Board("dialpulse-floor", "Dialpulse floor", about, ["site", "team"], panels)


def _total(count: str) -> Panel:
    about = (
        f"{about_count(count, 'the hour in progress')} Of operators only: attempts that nobody was given are left out."
    )
    query = Query(hour_so_far(count, by=""))
    return number(Tile(f"{count_title(count)} of operators", HOUR, about, "locale", [query], 6, 4, 0, _NO_PEOPLE))


def _active() -> Panel:
    about = "Operators of whom a fact ended in the last 10 minutes, by team."
    query = Query(f"sum by (site, team) (dialer_operators_active{{{TEAM}}})", "{{site}} {{team}}")
    return number(Tile("Operators active", _TEN, about, "locale", [query], 6, 4, 0, "none"))


def _operators() -> Panel:
    people = ", ".join(_PEOPLE)
    calls = hour_so_far("calls", by=people)
    median = f"quantile by (site, team) (0.5, {calls})"
    columns = {
        "Calls": calls,
        "of team median": f"{calls} / on (site, team) group_left () ({median} > 0)",
        "Conversations": hour_so_far("conversations", by=people),
        "Appointments": hour_so_far("appointments", by=people),
        "Sales": hour_so_far("sales", by=people),
        "Talk": hour_so_far("talk_seconds", by=people),
    }
    about = (
        f"The hour in progress by the clock of the site. {EXACT} Red: under half of the team's median of calls, which "
        "may have a good reason. Counts, no rates: an operator's hour has too few calls for one. Sort by any column."
    )
    tile = Tile("Operators", HOUR, about, "locale", queries(columns), 24, 16, 0, _NO_PEOPLE)
    return listing(tile, _PEOPLE, columns, _looks(), "operator")


def _looks() -> Overrides:
    one = "/d/dialpulse-operator?var-operator=${__data.fields.operator:percentencode}&var-datasource=${datasource}"
    return {
        "operator": link("This operator against their own past", one),
        "Calls": heat(CALLS, "locale"),
        "of team median": {"unit": "percentunit", "decimals": 0} | warning(_LEAST_OF_MEDIAN, "red"),
        "Conversations": heat(CONVERSATIONS, "locale"),
        "Talk": {"unit": "s", "decimals": 0},
    }


def _pace() -> Panel:
    about = (
        f"About how many calls an hour at the pace of the last 10 minutes. {about_rate('calls_per_hour', _TEN, TREND)}"
    )
    query = Query(f"6 * {increase('calls', '10m', TEAM, 'site, team')}", "{{site}} {{team}}", "points")
    return lines(Tile(rate_title("calls_per_hour"), _TEN, about, "locale", [query], 8, 9, 0))


def _contact() -> Panel:
    met, dialled = (increase(count, "1h", TEAM, "site, team") for count in ("conversations", "calls"))
    about = about_rate("contact_rate", "the last hour at each point", TREND)
    query = Query(share(met, dialled), "{{site}} {{team}}", "points")
    return lines(Tile(rate_title("contact_rate"), "last hour, by team", about, "percentunit", [query], 8, 9, 0))


def _talk() -> Panel:
    talked = f"sum by (site, team) (rate(dialer_talk_seconds_total{{{TEAM}}}[$__rate_interval]))"
    active = f"sum by (site, team) (dialer_operators_active{{{TEAM}}})"
    about = f"Share of active operators' time spent in conversation, over the rate interval of the panel. {TREND}"
    query = Query(f"{talked} / ({active} > 0)", "{{site}} {{team}}", "points")
    tile = Tile("Time in conversation", "rate interval, by team", about, "percentunit", [query], 8, 9, 0)
    return lines(tile)
