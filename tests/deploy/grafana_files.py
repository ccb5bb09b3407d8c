"""Grafana's dashboards as they are committed: every query of every panel, variable and annotation."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.deploy.compose import ROOT

GRAFANA = ROOT / "deploy/grafana"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
WALL, FLOOR, OPERATOR = "dialpulse-wall", "dialpulse-floor", "dialpulse-operator"
CAMPAIGN_DAY, HEALTH = "dialpulse-campaign-day", "dialpulse-health"

LABEL_VALUES = re.compile(r"label_values\((?P<series>.+), (?P<label>\w+)\)")


class Asked(NamedTuple):
    """A query and who asks it. ``ranged``: for points over time, at least ``step`` (such as ``1h``) apart."""

    uid: str
    place: str
    expr: str
    ranged: bool
    step: str = ""


def panels(uid: str) -> dict[str, dict[str, Any]]:
    """The panels of a dashboard by title; no two have the same."""
    found = DASHBOARDS[uid]["panels"]
    titled = {panel["title"]: panel for panel in found}
    assert len(titled) == len(found), uid
    return titled


def expressions(uid: str, title: str) -> list[str]:
    """A panel's queries in their order."""
    return [target["expr"] for target in panels(uid)[title]["targets"]]


def variables(uid: str) -> dict[str, dict[str, Any]]:
    """The variables of a dashboard by name."""
    return {one["name"]: one for one in DASHBOARDS[uid]["templating"]["list"]}


def panel_queries() -> Iterator[Asked]:
    """Every query of every panel."""
    for uid in DASHBOARDS:
        for title, panel in panels(uid).items():
            for target in panel["targets"]:
                ranged = bool(target.get("range"))
                assert ranged != bool(target.get("instant")), (uid, title)
                yield Asked(uid, f"{title} {target['refId']}", target["expr"], ranged, target.get("interval", ""))


def annotation_queries() -> Iterator[Asked]:
    """Every query of every annotation."""
    for uid, dashboard in DASHBOARDS.items():
        for one in dashboard["annotations"]["list"]:
            assert one["expr"] == one["target"]["expr"]
            yield Asked(uid, one["name"], one["expr"], ranged=True)


def variable_queries(uid: str) -> dict[str, tuple[str, str]]:
    """By the name of each variable that asks Prometheus: (series, label), in the order in which they depend."""
    found = {}
    for name, one in variables(uid).items():
        if one["type"] == "query":
            query = LABEL_VALUES.fullmatch(one["query"])
            assert query is not None, one["query"]
            found[name] = (query["series"], query["label"])
    return found
