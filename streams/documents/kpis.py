"""The tables of counts and rates, from their registry."""

from processors.kpis import COUNTS, KPIS, Kpi
from processors.rates import DECIMALS
from streams.documents.markdown import code, page, table

COUNTED = [
    "## Counts",
    "",
    "Whole numbers of one operator and hour. A call *stands* while a call or a conversation that is not voided names",
    "it. Those from `appointments` on count whatever call they came of, in the hour of that call, under the operator",
    "who booked; all before them count outbound calls only, `inbound` apart.",
    "",
]
RATED = [
    "## Rates",
    "",
    f"Numerator and denominator travel with every rate, which is rounded to {DECIMALS} decimals. Over several",
    "operators or hours the sums are divided; rates are never averaged. A denominator of 0 gives null. Shares carry a",
    "95 % Wilson interval while the numerator does not exceed the denominator. `hours` is the length of the hour: 1,",
    "or 0.5 where the clocks change by half an hour. `staffed_hours` is not counted yet: the last two rates are null.",
    "",
]


def kpis_page() -> str:
    """``docs/kpis.md``: every count and every rate."""
    return page("KPIs", [*COUNTED, *counts_table()], [*RATED, *rates_table()])


def counts_table() -> list[str]:
    """Every count: its name, labels and meaning."""
    rows = ((code(c.name), c.label["en"], c.label["fr"], c.meaning) for c in COUNTS)
    return table(("count", "English", "French", "is"), rows)


def rates_table() -> list[str]:
    """Every rate: its name, labels, formula, unit, and the question it answers."""
    rows = ((code(k.name), k.label["en"], k.label["fr"], _formula(k), k.unit, k.answers["en"]) for k in KPIS)
    return table(("rate", "English", "French", "formula", "unit", "answers"), rows)


def brief_rates_table() -> list[str]:
    """The rates in the README: what each is called, its formula, and the question it answers."""
    rows = ((k.label["en"], k.label["fr"], _formula(k), k.answers["en"]) for k in KPIS)
    return table(("KPI", "French", "formula", "answers"), rows)


def _formula(kpi: Kpi) -> str:
    return f"{_term(kpi.numerator)} / {_term(kpi.denominator)}"


def _term(text: str) -> str:
    names = " + ".join(code(name) for name in text.split("+"))
    return f"({names})" if "+" in text else names
