"""Tiles made of rows: tables, and bars by hour. Several queries are joined by the labels that they share."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, table
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.src.tiles import REFS, Overrides, Panel, Query, Tile, change, common_panel, overridden

Columns = Mapping[str, str]
"""A query per column: its title -> its expression."""


def queries(columns: Columns) -> list[Query]:
    """What a tile of these columns asks for."""
    return [Query(expr, shape="rows") for expr in columns.values()]


def listing(tile: Tile, labels: Sequence[str], columns: Columns, looks: Overrides, sort: str) -> Panel:
    """A table: a row per combination of ``labels``, sorted by the column ``sort`` until the reader sorts otherwise."""
    order = common.TableSortByFieldState().display_name(sort).desc(False)
    panel = common_panel(table.Panel(), tile).transformations(_joined(labels, columns)).sort_by([order])
    return overridden(panel.cell_height(common_models.TableCellHeight.MD).filterable(False), looks)


def by_hour(tile: Tile, columns: Columns, looks: Overrides) -> Panel:
    """Bars side by side for each hour of the day, in the order of the day."""
    ordered = change("sortBy", fields={}, sort=[{"field": "hour", "desc": False}])
    panel = common_panel(barchart.Panel(), tile).transformations([*_joined(["hour"], columns), ordered])
    panel = panel.x_field("hour").show_value(common_models.VisibilityMode.AUTO).line_width(0).fill_opacity(85)
    panel = panel.legend(common.VizLegendOptions().show_legend(len(columns) > 1)).axis_soft_min(0)
    return overridden(panel, looks)


def heat(tint: str, unit: str, decimals: int = 0) -> dict[str, Any]:
    """The look of a column whose cells have the more of a colour (``#rrggbb``), the greater their number within it."""
    red, green, blue = (int(tint[place : place + 2], 16) for place in (1, 3, 5))
    steps = [(None, 0.0), (20, 0.2), (40, 0.4), (60, 0.6), (80, 0.85)]
    return {
        "unit": unit,
        "decimals": decimals,
        # Of its own column, and from nothing, so that half the colour is half the number.
        "fieldMinMax": True,
        "min": 0,
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        "color": {"mode": "thresholds"},
        "thresholds": {
            "mode": "percentage",
            "steps": [{"value": value, "color": f"rgba({red}, {green}, {blue}, {depth})"} for value, depth in steps],
        },
    }


def warning(below: float, tint: str) -> dict[str, Any]:
    """The look of a column whose text changes colour below a number."""
    steps = [models.Threshold(value=None, color=tint), models.Threshold(value=below, color="text")]
    return {
        "custom.cellOptions": {"type": "color-text"},
        "thresholds": {"mode": "absolute", "steps": [step.to_json() for step in steps]},
    }


def link(title: str, url: str) -> dict[str, Any]:
    """The look of a column whose cells lead elsewhere."""
    return {"links": [{"title": title, "url": url}]}


def _joined(labels: Sequence[str], columns: Columns) -> list[models.DataTransformerConfig]:
    if len(columns) == 1:
        values = {"Value": next(iter(columns))}
    else:
        values = {f"Value #{ref}": title for ref, title in zip(REFS, columns, strict=False)}
    order = {name: place for place, name in enumerate([*labels, *values])}
    organized = change("organize", excludeByName={"Time": True}, indexByName=order, renameByName=values)
    return [change("merge"), organized]
