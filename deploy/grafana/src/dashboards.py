"""The five dashboards, and where they lie."""

import warnings
from pathlib import Path

# The builders advise a newer schema as they are imported; classic JSON is what every Grafana reads.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from deploy.grafana.src import campaign_day, floor, health, one_operator, wall

DASHBOARDS = Path(__file__).resolve().parent.parent / "dashboards"
"""The folder of the committed files."""


def boards() -> dict[str, str]:
    """Every dashboard's JSON by the name of its file."""
    made = (room.board() for room in (wall, floor, one_operator, campaign_day, health))
    return {f"{board.uid}.json": board.json() for board in made}
