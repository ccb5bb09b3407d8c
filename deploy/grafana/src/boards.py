"""What all dashboards share: variables, annotations, links to one another, and the way they are written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard as building
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.src.queries import SITE, TEAM
from deploy.grafana.src.tiles import SOURCE, Panel

SOURCE_UID = "dialpulse-prometheus"
"""The uid of the provisioned data source; another can be chosen in the dashboard."""

TAG = "dialpulse"
_EVERYTHING = ".*"


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: ``uid`` also names its file. ``since`` and ``until`` are Grafana's words for its time."""

    uid: str
    title: str
    about: str
    variables: Sequence[str]
    panels: Sequence[Panel]
    since: str = "now-6h"
    until: str = "now"
    refresh: str = "15s"

    def json(self) -> str:
        """The dashboard as Grafana reads it, the same text for the same board."""
        text = json.dumps(self._dashboard().build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        return text + "\n"

    def _dashboard(self) -> building.Dashboard:
        made = building.Dashboard(self.title).uid(self.uid).description(self.about).tags([TAG]).readonly()
        made = made.time(self.since, self.until).refresh(self.refresh).timezone("browser")
        made = made.tooltip(models.DashboardCursorSync.CROSSHAIR).link(_to_the_others())
        for variable in (_source(), *(_VARIABLES[name]() for name in self.variables)):
            made = made.with_variable(variable)
        for annotation in (_alerts(), _starts()):
            made = made.annotation(annotation)
        for number, panel in enumerate(self.panels, start=1):
            panel.build().id_val = number
            made = made.with_panel(panel)
        return made


def _source() -> building.DatasourceVariable:
    variable = building.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return variable.current(models.VariableOption(selected=True, text="Dialpulse", value=SOURCE_UID))


def _chosen(name: str, label: str, query: str) -> building.QueryVariable:
    variable = building.QueryVariable(name).label(label).query(query).definition(query).datasource(SOURCE)
    # Asked again with the dashboard's time: who worked yesterday stands in yesterday's list.
    variable = variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable.sort(models.VariableSort.NATURAL_ASC)


def _several(name: str, label: str, query: str) -> building.QueryVariable:
    variable = _chosen(name, label, query).multi(True).include_all(True).all_value(_EVERYTHING)
    return variable.current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))


_VARIABLES: dict[str, Any] = {
    "site": lambda: _several("site", "Site", "label_values(dialer_calls_total, site)"),
    "team": lambda: _several("team", "Team", f"label_values(dialer_calls_total{{{SITE}}}, team)"),
    "campaign": lambda: _several("campaign", "Campaign", f"label_values(dialer_calls_total{{{SITE}}}, campaign)"),
    "operator": lambda: _chosen(
        "operator", "Operator", f"label_values(dialer_operator_hour_calls{{{TEAM}}}, operator)"
    ),
}


def _alerts() -> building.AnnotationQuery:
    firing = 'ALERTS{alertstate="firing", alertname=~"Dial.+"}'
    return _mark("Alerts", firing, "red", "{{alertname}}", "{{team}} {{campaign}}")


def _starts() -> building.AnnotationQuery:
    started = "dialpulse_build_info unless dialpulse_build_info offset 2m"
    return _mark("Worker starts", started, "blue", "A worker started", "version {{version}}, {{instance}}")


def _mark(name: str, expr: str, colour: str, title: str, text: str) -> building.AnnotationQuery:
    target = prometheus.Dataquery().ref_id("Anno").expr(expr).range().datasource(SOURCE)
    mark = building.AnnotationQuery().name(name).enable(True).icon_color(colour).datasource(SOURCE)
    # Older Grafanas read the expression beside the target, newer ones within it.
    return mark.expr(expr).target(target).title_format(title).text_format(text).step("60s")


def _to_the_others() -> building.DashboardLink:
    link = building.DashboardLink("Dialpulse").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.include_vars(True).keep_time(False).as_dropdown(False)
