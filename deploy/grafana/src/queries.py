"""PromQL, composed from small parts. Every function gives the text of an expression.

Two sources, never mixed in one number: *exact* gauges, which are pages read at the scrape and equal the records, and
*counters*, whose ``increase()`` is an estimate (30.7 calls) and serves for trends and shares only.
"""

from typing import Literal

from deploy.grafana.src.look import TOO_FEW
from processors.intervals import Z_95

Counted = Literal["calls", "conversations", "appointments"]
"""What the gauges of today count."""

SITE = 'site=~"$site"'
TEAM = f'{SITE}, team=~"$team"'
CAMPAIGN = f'{SITE}, campaign=~"$campaign"'
PERSON = 'operator="$operator"'
"""Label matchers for the dashboards' variables."""


def today(count: Counted, by: str = "") -> str:
    """The exact count of today so far; ``by`` a label such as ``hour``."""
    return f"sum{_by(by)} (dialer_today_{count}{{{CAMPAIGN}}})"


def running_hour(count: Counted) -> str:
    """The exact count of the hour in progress by each site's own clock, attempts that had no operator included."""
    clock = f"time() + max by (site) (dialer_site_utc_offset_seconds{{{SITE}}})"
    # The number of the hour becomes a label, of two digits as the gauge has it.
    hour = f'count_values by (site) ("hour", floor(({clock}) % 86400 / 3600))'
    running = f'label_replace({hour}, "hour", "0$1", "hour", "(.)")'
    return f"sum (dialer_today_{count}{{{CAMPAIGN}}} and on (site, hour) {running})"


def hour_so_far(count: str, where: str = TEAM, by: str = "operator") -> str:
    """The exact count of operators in the hour in progress."""
    return f"sum{_by(by)} (dialer_operator_hour_{count}{{{where}}})"


def increase(count: str, window: str, where: str = CAMPAIGN, by: str = "") -> str:
    """About how many of a counter were added within a window of time."""
    return f"sum{_by(by)} (increase(dialer_{count}_total{{{where}}}[{window}]))"


def share(numerator: str, denominator: str, least: int = TOO_FEW) -> str:
    """A quotient, and nothing where the denominator is under ``least``."""
    return f"({numerator}) / ({denominator} >= {least})"


def bound(numerator: str, denominator: str, side: Literal["low", "high"], least: int = TOO_FEW) -> str:
    """One end of the 95 % Wilson interval of a share, and nothing where the denominator is under ``least``."""
    sign, z2 = "-" if side == "low" else "+", f"{Z_95 * Z_95:.6f}"
    n, d = f"({numerator})", f"({denominator} >= {least})"
    # A second appointment of one conversation makes it no share: below zero under the root, so clamped.
    root = f"sqrt(clamp_min({n} * ({d} - {n}) / {d}, 0) + {z2} / 4)"
    return f"({n} + {z2} / 2 {sign} {Z_95:.6f} * {root}) / ({d} + {z2})"


def before(expr: str, duration: str) -> str:
    """The same selector (no expression around it) as it stood so long ago."""
    return f"{expr} offset {duration}"


def quantile_of(histogram: str, quantile: float, by: str = "") -> str:
    """A quantile of a histogram over the rate interval of the panel."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
