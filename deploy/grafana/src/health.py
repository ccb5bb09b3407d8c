"""Pipeline health: is what the other dashboards show complete, and how soon is it there?"""

from deploy.grafana.src.boards import Board
from deploy.grafana.src.look import CALLS, CONVERSATIONS, TEXT, TROUBLE, Unit
from deploy.grafana.src.queries import quantile_of
from deploy.grafana.src.tiles import Overrides, Panel, Query, Tile, coloured, lines, number
from deploy.grafana.src.wording import NOW
from schemas.metrics import BY_NAME

_RATE = "rate interval"
_QUANTILES = {"half within": 0.5, "19 of 20 within": 0.95}
_WORDS: Overrides = coloured(**{"half within": CALLS, "19 of 20 within": CONVERSATIONS})


def board() -> Board:
    """The pipeline's health."""
    panels = [
        _workers(),
        _now("dialpulse_consumer_lag_facts", "sum", "Facts waiting", "locale", (10_000, TROUBLE)),
        _now("dialpulse_redis_behind_seconds", "max", "Redis behind", "s", (30, TROUBLE)),
        _now("dialpulse_pages", "sum", "Pages held", "locale"),
        _now("dialpulse_ledger_facts", "sum", "Statements held", "locale"),
        _counter("dialpulse_facts_total", "Facts", ["topic", "result"], 12),
        _counter("dialpulse_rejected_total", "Rejected", ["topic", "reason"], 12),
        _lag(),
        _ages(),
        _delay(),
        _took("dialpulse_flush_seconds", "Flush"),
        _took("dialpulse_redis_write_seconds", "Write to Redis"),
        _counter("dialer_late_total", "Late facts", ["kind"], 8),
    ]
    about = "Facts in, how long they take, and what is behind: look here before believing a fall of the floor."
    return Board("dialpulse-health", "Dialpulse pipeline health", about, [], panels, "now-3h")


def _workers() -> Panel:
    about = "Workers that answered the last scrape. None: nothing is counted, and every other number stands still."
    query = Query("count(dialpulse_build_info) or vector(0)")
    return number(Tile("Workers", NOW, about, "locale", [query], 4, 4, 0), TROUBLE, (1, TEXT))


def _now(metric: str, how: str, title: str, unit: Unit, above: tuple[float, str] | None = None) -> Panel:
    about = f"{BY_NAME[metric].help} All workers together. Window: now."
    query = Query(f"{how}({metric})")
    return number(Tile(title, NOW, about, unit, [query], 5, 4, 0, "no worker answers"), TEXT, above)


def _counter(metric: str, title: str, labels: list[str], width: int) -> Panel:
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    query = Query(f"sum by ({', '.join(labels)}) (rate({metric}[$__rate_interval]))", legend, "points")
    about = f"{BY_NAME[metric].help} A second, over the rate interval of the panel. Empty while there never was one."
    return lines(Tile(title, f"a second, {_RATE}", about, "cps", [query], width, 8))


def _lag() -> Panel:
    about = f"{BY_NAME['dialpulse_consumer_lag_facts'].help} By topic, at each point."
    query = Query("sum by (topic) (dialpulse_consumer_lag_facts)", "{{topic}}", "points")
    return lines(Tile("Facts waiting", "at each point", about, "locale", [query], 8, 8))


def _ages() -> Panel:
    about = "Time since the latest accepted fact of each topic, at each point. A topic that is seldom used may be old."
    query = Query("time() - max by (topic) (dialpulse_last_fact_timestamp_seconds)", "{{topic}}", "points")
    return lines(Tile("Since the latest fact", "at each point", about, "s", [query], 8, 8))


def _delay() -> Panel:
    about = (
        f"{BY_NAME['dialpulse_fact_delay_seconds'].help} 19 of 20 are within. Over the rate interval of the panel. A "
        "wrap-up typed later and a sale weeks later are ordinary; calls should be quick."
    )
    query = Query(quantile_of("dialpulse_fact_delay_seconds", 0.95, "topic"), "{{topic}}", "points")
    return lines(Tile("From a fact's end to its acceptance", _RATE, about, "s", [query], 8, 8))


def _took(metric: str, title: str) -> Panel:
    about = f"{BY_NAME[metric].help} Quantiles over the rate interval of the panel, from buckets."
    parts = [Query(quantile_of(metric, quantile), legend, "points") for legend, quantile in _QUANTILES.items()]
    tile = Tile(title, _RATE, about, "s", parts, 8, 8)
    return lines(tile, _WORDS)
