"""The dashboards say what they must, ask only for what there is, and are what their sources say."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.src import look
from deploy.grafana.src.__main__ import differences, main
from deploy.grafana.src.boards import SOURCE_UID
from deploy.grafana.src.dashboards import DASHBOARDS as FOLDER
from processors.kpis import KPIS
from schemas.metrics import BY_NAME
from tests.deploy.compose import ROOT
from tests.deploy.grafana_files import (
    CAMPAIGN_DAY,
    DASHBOARDS,
    FLOOR,
    GRAFANA,
    HEALTH,
    OPERATOR,
    WALL,
    annotation_queries,
    panel_queries,
    panels,
    variable_queries,
    variables,
)

ALL = [(uid, title) for uid in DASHBOARDS for title in panels(uid)]
SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to what it scrapes."""

SELECTOR = re.compile(r"(?<![\w:\"])([a-zA-Z_:][\w:]*)\{([^}]*)\}")
NAME = re.compile(r"\b(?:dialer|dialpulse)_\w+|\b\w+:\w[\w:]*|\bup\b|\bALERTS\w*")


def test_the_committed_dashboards_are_what_their_sources_make() -> None:
    """Drift: somebody changed a source, a KPI or a dashboard, and not the other."""
    assert differences(FOLDER) == []
    assert set(DASHBOARDS) == {WALL, FLOOR, OPERATOR, CAMPAIGN_DAY, HEALTH}


def test_the_check_names_what_differs_and_writing_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed, a missing and a strange file: a line each, exit 1; after writing, exit 0."""
    assert main(["--folder", str(tmp_path)]) == 0
    (tmp_path / f"{WALL}.json").write_text("{}")
    (tmp_path / f"{FLOOR}.json").unlink()
    (tmp_path / "old.json").write_text("{}")
    capsys.readouterr()
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [Path(line.split(":")[0]).name for line in said] == [f"{FLOOR}.json", f"{WALL}.json", "old.json"]
    assert all("run make docs" in line for line in said)
    assert main(["--folder", str(tmp_path)]) == 0
    assert main(["--check", "--folder", str(tmp_path)]) == 0
    assert not (tmp_path / "old.json").exists()


@pytest.mark.parametrize(("uid", "title"), ALL)
def test_a_tile_says_its_window_unit_and_meaning(uid: str, title: str) -> None:
    """The window stands in the title; a description ends as a sentence; the unit is one of few; empty has words."""
    panel = panels(uid)[title]
    what, _, window = title.partition(" · ")
    assert what and window, "a title is what and over which window"
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in {"locale", "percentunit", "s", "cps"}
    assert defaults["noValue"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])


@pytest.mark.parametrize("uid", list(DASHBOARDS))
def test_a_dashboard_is_found_by_its_name_and_asks_for_its_source(uid: str) -> None:
    """Its uid is its file's name; panels fill the 24 columns in rows; what it uses of variables it has."""
    dashboard = DASHBOARDS[uid]
    assert dashboard["uid"] == uid
    assert dashboard["editable"] is False
    assert variables(uid)["datasource"]["current"]["value"] == SOURCE_UID
    texts = [asked.expr for asked in panel_queries() if asked.uid == uid]
    texts += [series for series, _ in variable_queries(uid).values()]
    used = {name for text in texts for name in re.findall(r"\$([a-z_]\w*)", text)}
    assert used - {"__rate_interval", "__range"} <= set(variables(uid))
    assert set(variables(uid)) - {"datasource", "team"} <= used | {"site"}
    rows: dict[int, int] = {}
    for panel in dashboard["panels"]:
        rows[panel["gridPos"]["y"]] = rows.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(rows.values()) == {24}


@pytest.mark.parametrize("uid", list(DASHBOARDS))
def test_links_lead_to_dashboards_that_are_here(uid: str) -> None:
    """With variables that these have, and columns that the row has."""
    text = str(DASHBOARDS[uid])
    for target, query in re.findall(r"/d/([\w-]+)\?([^'\"]*)", text):
        assert {name.split("=")[0].removeprefix("var-") for name in query.split("&")} <= set(variables(target))
    assert ("/d/" in text) == (uid == FLOOR)
    (link,) = DASHBOARDS[uid]["links"]
    assert link["tags"] == DASHBOARDS[uid]["tags"] == ["dialpulse"]


def recorded() -> set[str]:
    """Names of the series that recording rules make."""
    files = (ROOT / "deploy/prometheus/rules").glob("*.yml")
    groups = [group for path in files for group in yaml.safe_load(path.read_text())["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def metric_of(name: str) -> str:
    """The catalogue's name of a series: a histogram has three of them."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if base in BY_NAME and BY_NAME[base].kind == "histogram" else name


def test_no_query_asks_for_a_series_or_label_that_nobody_makes() -> None:
    """Names are in the catalogue of metrics, recorded by a rule, or Prometheus's own ALERTS; labels are theirs."""
    texts = [asked.expr for asked in (*panel_queries(), *annotation_queries())]
    texts += [series for uid in DASHBOARDS for series, _ in variable_queries(uid).values()]
    asked: set[str] = set()
    for text in texts:
        names = {metric_of(name) for name in NAME.findall(re.sub(r'"[^"]*"', '""', text))}
        assert names, text
        asked |= names
        for name, matchers in SELECTOR.findall(text):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers))
            if metric_of(name) in BY_NAME:
                assert labels <= {*BY_NAME[metric_of(name)].labels, "le"} | SCRAPED, text
    assert asked <= {*BY_NAME, "ALERTS"} | recorded()


def test_the_wall_has_seven_numbers_at_most_no_people_and_nothing_estimated() -> None:
    """Anybody who passes sees it: no operator by name, no ranking, no target; and it must agree with the records."""
    numbers = [panel for panel in panels(WALL).values() if panel["type"] == "stat"]
    assert len(numbers) <= 7
    assert all(len(panel["targets"]) == 1 for panel in numbers)
    exprs = [asked.expr for asked in panel_queries() if asked.uid == WALL]
    assert not any(re.search(r"operator\b|increase|rate\(", expr) for expr in exprs)
    assert "operator" not in variables(WALL)
    thresholds = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in numbers]
    assert [len(steps) for steps in thresholds].count(2) == 1, "only silence of the pipeline turns red"


@pytest.mark.parametrize(("uid", "title"), ALL)
def test_a_tile_is_exact_or_says_that_it_is_a_trend(uid: str, title: str) -> None:
    """Whoever reads a number of increase() is told that it is an estimate; exact gauges are never put through it."""
    panel = panels(uid)[title]
    for target in panel["targets"]:
        assert not re.search(r"(increase|rate|delta)\(dialer_(today|operator_hour)_", target["expr"])
        if "increase(" in target["expr"]:
            assert "A trend: estimated" in panel["description"]
            assert "Exact" not in panel["description"]


def test_tiles_of_rates_bear_the_registrys_names_and_formulas() -> None:
    """One definition for records, page, docs and dashboards: label, question and formula come from the registry."""
    found = {}
    for uid, title in ALL:
        for kpi in KPIS:
            if title.startswith(f"{kpi.label['en']} ·"):
                formula = f"{kpi.numerator.replace('_', ' ')} / {kpi.denominator.replace('_', ' ')}"
                about = panels(uid)[title]["description"]
                assert kpi.answers["en"] in about and formula in about
                found[kpi.name] = uid
    assert set(found) >= {"calls_per_hour", "contact_rate", "appointment_rate", "appointments_per_conversation"}


def test_colours_mean_the_same_as_on_the_wall_and_red_is_for_trouble() -> None:
    """Calls, conversations and appointments have their colours wherever they are one series of several."""
    wanted = {"Calls": look.CALLS, "Conversations": look.CONVERSATIONS, "Appointments": look.APPOINTMENTS}
    seen = set()
    for uid, title in ALL:
        for override in panels(uid)[title]["fieldConfig"]["overrides"]:
            name = override["matcher"]["options"]
            for one in override["properties"]:
                if one["id"] == "color" and one["value"]["mode"] == "fixed" and name in wanted:
                    assert one["value"]["fixedColor"] == wanted[name], (uid, title)
                    seen.add(name)
    assert seen == set(wanted)


def provisioned(name: str) -> dict[str, Any]:
    (path,) = (GRAFANA / "provisioning" / name).glob("*.yaml")
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_the_data_source_is_provisioned_under_the_uid_that_the_dashboards_name() -> None:
    """A uid that Grafana chose would be another in each installation; the scrape interval is the scrape file's."""
    (source,) = provisioned("datasources")["datasources"]
    assert (source["uid"], source["type"]) == (SOURCE_UID, "prometheus")
    scraping = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    local = yaml.safe_load((GRAFANA / "local/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraping == local
    assert source["url"] == "${PROMETHEUS_URL}"
    (provider,) = provisioned("dashboards")["providers"]
    assert provider["options"]["path"] == "${DASHBOARDS_FOLDER}"
    assert provider["allowUiUpdates"] is False
    note = (ROOT / "README.md").read_text()
    assert "PROMETHEUS_URL=" in note and "DASHBOARDS_FOLDER=" in note
