"""The kinds of tile on the dashboards. Every one says its window in its title, and has a unit and a description."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as building
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from deploy.grafana.src.look import QUIET, TEXT, Unit

SOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")
Panel = Builder[models.Panel]
Overrides = dict[str, dict[str, Any]]
"""By the name of a series or column: what differs from the tile's defaults, by Grafana's names of properties."""

REFS = "ABCDEFGHIJ"
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Query:
    """One query: ``shape`` is a value for now, rows for now, or points over the dashboard's time.

    ``step`` is the least distance of points (``1h``).
    """

    expr: str
    legend: str = ""
    shape: Literal["value", "rows", "points"] = "value"
    step: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """What every tile has. ``width`` of 24 columns, ``height`` in rows of the grid; ``empty`` stands for no value."""

    title: str
    window: str
    about: str
    unit: Unit
    queries: Sequence[Query]
    width: int = 6
    height: int = 8
    decimals: int | None = None
    empty: str = "-"


def number(tile: Tile, tint: str = TEXT, above: tuple[float, str] | None = None) -> Panel:
    """One number, or few, as large as the tile. ``above``: from this value on it has that colour."""
    panel = common_panel(stat.Panel(), tile).graph_mode(common_models.BigValueGraphMode.NONE)
    many = len(tile.queries) > 1
    mode = common_models.BigValueTextMode.VALUE_AND_NAME if many else common_models.BigValueTextMode.VALUE
    return overridden(panel.text_mode(mode).reduce_options(_last()).thresholds(_steps(tint, above)), None)


def lines(tile: Tile, looks: Overrides | None = None, *, stacked: bool = False, bars: bool = False) -> Panel:
    """Series over time."""
    style = common_models.GraphDrawStyle.BARS if bars else common_models.GraphDrawStyle.LINE
    panel = common_panel(timeseries.Panel(), tile).draw_style(style).line_width(2)
    panel = panel.fill_opacity(70 if bars or stacked else 0).show_points(common_models.VisibilityMode.NEVER)
    panel = (
        panel.axis_soft_min(0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    return overridden(panel, looks)


def gauges(tile: Tile, looks: Overrides | None = None) -> Panel:
    """Horizontal bars, one per query, in the order of the queries."""
    panel = common_panel(bargauge.Panel(), tile).orientation(common_models.VizOrientation.HORIZONTAL).min(0)
    panel = panel.display_mode(common_models.BarGaugeDisplayMode.BASIC).show_unfilled(False)
    panel = panel.reduce_options(_last()).thresholds(_steps(QUIET, None))
    return overridden(panel, looks)


def coloured(**colours: str) -> Overrides:
    """Looks that are a fixed colour each."""
    return {name: colour(tint) for name, tint in colours.items()}


def colour(tint: str) -> dict[str, Any]:
    """The property that fixes a colour."""
    return {"color": {"mode": "fixed", "fixedColor": tint}}


def change(kind: str, **options: Any) -> models.DataTransformerConfig:
    """A transformation of the rows before they are shown."""
    return models.DataTransformerConfig(id_val=kind, options=options)


def targets(tile: Tile) -> list[Builder[Any]]:
    """The queries of a tile as Grafana has them."""
    return [_target(query, ref) for query, ref in zip(tile.queries, REFS, strict=False)]


def _target(query: Query, ref: str) -> Builder[Any]:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).datasource(SOURCE)
    target = target.editor_mode(prometheus_models.QueryEditorMode.CODE).legend_format(query.legend or "__auto")
    if query.step:
        target = target.interval(query.step)
    if query.shape == "points":
        return target.range().format(prometheus_models.PromQueryFormat.TIME_SERIES)
    rows = prometheus_models.PromQueryFormat.TABLE
    return target.instant().format(rows if query.shape == "rows" else prometheus_models.PromQueryFormat.TIME_SERIES)


def common_panel(panel: Any, tile: Tile) -> Any:
    """What all kinds of panel are told alike; their builders share names but no type."""
    panel = panel.title(f"{tile.title} · {tile.window}").description(tile.about).datasource(SOURCE)
    panel = panel.targets(targets(tile)).unit(tile.unit).span(min(tile.width, _WIDTH)).height(tile.height)
    panel = panel.no_value(tile.empty)
    return panel if tile.decimals is None else panel.decimals(tile.decimals)


def overridden(panel: Any, looks: Overrides | None) -> Panel:
    """The panel with what differs for some of its series or columns."""
    for name, properties in (looks or {}).items():
        values = [models.DynamicConfigValue(id_val=key, value=value) for key, value in properties.items()]
        panel = panel.override_by_name(name, values)
    done: Panel = panel
    return done


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).placement(common_models.LegendPlacement.BOTTOM)
    return legend.display_mode(common_models.LegendDisplayMode.LIST)


def _steps(below: str, above: tuple[float, str] | None) -> building.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=below)]
    if above is not None:
        steps.append(models.Threshold(value=above[0], color=above[1]))
    return building.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
