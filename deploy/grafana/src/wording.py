"""Titles and descriptions of tiles, taken from the registry of KPIs, so that no formula is told twice."""

from processors.kpis import COUNTS, KPIS

_KPIS = {kpi.name: kpi for kpi in KPIS}
_COUNTS = {count.name: count for count in COUNTS}

EXACT = "Exact: pages read at the scrape, equal to the records in Redis and Kafka."
TREND = "A trend: estimated from counters, which late facts do not raise; not a count."

TODAY = "today so far"
HOUR = "this hour so far"
NOW = "now"


def rate_title(name: str) -> str:
    """The label of a rate."""
    return _KPIS[name].label["en"]


def count_title(name: str) -> str:
    """The label of a count, as a title begins."""
    label = _COUNTS[name].label["en"]
    return label[0].upper() + label[1:]


def about_rate(name: str, window: str, source: str = EXACT) -> str:
    """The question a rate answers, its formula, its window, and whether to take it as a count or a trend."""
    kpi = _KPIS[name]
    formula = f"{_term(kpi.numerator)} / {_term(kpi.denominator)}"
    few = " Nothing is shown while the denominator is under ten." if kpi.is_share else ""
    return f"{kpi.answers['en']} {formula}. Window: {window}.{few} {source}"


def about_count(name: str, window: str, source: str = EXACT) -> str:
    """What is counted, over which window, and how exactly."""
    meaning = _COUNTS[name].meaning
    return f"{meaning[0].upper()}{meaning[1:]}. Window: {window}. {source}"


def _term(term: str) -> str:
    return " + ".join(part.replace("_", " ") for part in term.split("+"))
