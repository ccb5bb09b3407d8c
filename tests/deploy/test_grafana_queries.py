"""Every query of every dashboard, asked of a real Prometheus that scrapes a real worker under a simulated floor."""

import math
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import pytest

from processors.intervals import wilson
from processors.times import HOUR_US, parse_time, to_datetime
from schemas.kpis import CampaignHour, OperatorHour, SiteHour
from schemas.redis_keys import parse_snapshot_key
from streams.local import LocalStack
from streams.producing import now_us
from tests.deploy.grafana_files import (
    CAMPAIGN_DAY,
    DASHBOARDS,
    FLOOR,
    OPERATOR,
    WALL,
    Asked,
    annotation_queries,
    expressions,
    panel_queries,
    variable_queries,
)
from tests.deploy.grafana_floor import ZONE, Floor, working_floor
from tests.deploy.prometheus_server import metrics_complaints
from tests.integration.pipeline_rig import redis_of, wait_for

pytestmark = pytest.mark.timeout(420)

MAY_BE_SILENT = {"Alerts"}
"""Annotations that show something only where something happened."""

EVERYTHING = {"site": ".*", "team": ".*", "campaign": ".*"}
RECORDS = {"operator": OperatorHour, "campaign": CampaignHour, "site": SiteHour}
COUNTS = ("calls", "conversations", "appointments")


@pytest.fixture(scope="module")
def floor(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """One floor for all tests of this file, at work until a test ends its feed."""
    with working_floor(stack, tmp_path_factory.mktemp("grafana")) as found:
        wait_for(lambda: found.prometheus.now("sum(dialer_operator_hour_calls) > 20"), 60)
        yield found


def filled(expr: str, chosen: dict[str, str]) -> str:
    """A query as Grafana sends it, with its variables filled in."""
    values = chosen | {"__rate_interval": "20s", "__range": "10m"}
    return re.sub(r"\$([a-z_]\w*)", lambda found: values[found[1]], expr)


def answer(floor: Floor, asked: Asked, chosen: dict[str, str]) -> list[dict[str, Any]]:
    """What a query gives: for now, or over five minutes, or where its steps are hours over a day and two hours."""
    expr = filled(asked.expr, chosen)
    if not asked.ranged:
        return floor.prometheus.now(expr)
    if asked.step:
        assert asked.step == "1h"
        end_s = time.time() // 3600 * 3600
        return floor.prometheus.points(expr, end_s - 26 * 3600, end_s, 3600)
    return floor.prometheus.points(expr, time.time() - 300, time.time(), 5)


def numbers(found: list[dict[str, Any]]) -> list[float]:
    """All values of an answer that are numbers."""
    pairs = [pair for series in found for pair in series.get("values", [series.get("value")])]
    return [float(value) for _, value in pairs if not math.isnan(float(value))]


def several(values: list[str]) -> str:
    """A choice of several as Grafana writes it into a query: alternatives, their marks escaped within a string."""
    escaped = [re.sub(r"[\\$^*{}\[\]'+?.()|]", r"\\\\\g<0>", value) for value in values]
    return f"({'|'.join(escaped)})"


def busiest(floor: Floor) -> str:
    """An operator who is at work: a team may be at lunch."""
    (found,) = floor.prometheus.now("topk(1, dialer_operator_hour_calls)")
    operator: str = found["metric"]["operator"]
    return operator


def test_no_panel_is_empty(floor: Floor) -> None:
    """Every query of every panel gives numbers, for everything and an operator at work; none is refused."""
    chosen = EVERYTHING | {"operator": busiest(floor)}
    left = list(panel_queries())
    assert len(left) > 60

    def empty() -> list[Asked]:
        left[:] = [asked for asked in left if not numbers(answer(floor, asked, chosen))]
        return left

    wait_for(lambda: not empty() or time.sleep(2), 120, lambda: "\n".join(map(str, left)))


def test_prometheus_own_tool_finds_nothing_wrong_with_the_workers_metrics(floor: Floor) -> None:
    """A scrape in the midst of work, with every metric that a floor and refused records bring about."""
    (worker,) = floor.prometheus.targets()
    assert metrics_complaints(f"http://{worker}/metrics") == ""


def test_annotations_are_answered(floor: Floor) -> None:
    """The start of the worker is marked; alerts are none, since nothing is wrong."""
    seen = set()
    for asked in annotation_queries():
        if answer(floor, asked, EVERYTHING):
            seen.add(asked.place)
    assert seen == {asked.place for asked in annotation_queries()} - MAY_BE_SILENT


@pytest.mark.parametrize("uid", [uid for uid in DASHBOARDS if variable_queries(uid)])
def test_variables_offer_what_is_on_the_floor_and_any_choice_is_understood(floor: Floor, uid: str) -> None:
    """Each offers values within what was chosen before it; queries narrowed to the first ones are not refused."""
    chosen: dict[str, str] = {}
    for name, (series, label) in variable_queries(uid).items():
        wait_for(partial(floor.prometheus.values_of, label, filled(series, chosen)), 30)
        offered = floor.prometheus.values_of(label, filled(series, chosen))
        chosen[name] = offered[0] if name == "operator" else several(offered[:2])
    for asked in panel_queries():
        if asked.uid == uid:
            answer(floor, asked, chosen)


def records(floor: Floor, level: str) -> dict[tuple[str, int], Any]:
    """Redis's records of a level: by id and start of the hour (microseconds)."""
    client, prefix = redis_of(floor.settings), floor.settings.prefix
    found = {}
    for key in client.scan_iter(match=f"{prefix}*", count=1000):
        place = parse_snapshot_key(prefix, key.decode())
        if place is not None and place[0] == level:
            value = client.get(key)
            assert value is not None
            found[place[1:]] = msgspec.json.decode(value, type=RECORDS[level])
    return found


def local(us: int) -> datetime:
    """An instant by the clock of the sites."""
    return to_datetime(us).astimezone(ZONE)


def of_today(floor: Floor, level: str, only: str | None = None) -> dict[str, Counter[str]]:
    """Counts of today's hours (by the clock of the sites) over all records of a level, or those of one id."""
    today, sums = local(now_us()).date(), dict[str, Counter[str]]()
    for (identity, hour_us), record in records(floor, level).items():
        begins = local(hour_us)
        if begins.date() == today and only in (None, identity):
            counts = {name: getattr(record.counts, name) for name in COUNTS}
            sums.setdefault(f"{begins.hour:02d}", Counter()).update(counts)
    return sums


def by_label(found: list[dict[str, Any]], label: str) -> dict[str, float]:
    """The rows of an instant answer by one of their labels."""
    return {row["metric"][label]: float(row["value"][1]) for row in found}


def one(found: list[dict[str, Any]]) -> float:
    """The number of an answer that is one number."""
    (row,) = found
    return float(row["value"][1])


@pytest.fixture(scope="module")
def still(floor: Floor) -> Floor:
    """The same floor once everything said has been counted, written and scraped: no number moves any more."""
    floor.feed.finish()

    def settled() -> bool:
        # Four scrapes that saw nothing new, nothing that waits, and Redis as far as they.
        quiet = "sum(changes(dialpulse_facts_total[5s])) + sum(dialpulse_consumer_lag_facts) == 0"
        written = "max(dialpulse_redis_behind_seconds) == 0"
        total = sum(counts["calls"] for counts in of_today(floor, "site").values())
        same = f"sum(dialer_today_calls) == {total}"
        return all(floor.prometheus.now(expr) for expr in (quiet, written, same))

    wait_for(lambda: settled() or time.sleep(0.5), 60)
    return floor


def test_the_hours_of_the_wall_are_the_sites_records(still: Floor) -> None:
    """Number by number: each hour of today on the wall is what Redis has of all sites."""
    wanted = of_today(still, "site")
    assert sum(counts["calls"] for counts in wanted.values()) > 20
    for count, title in (("calls", "Calls"), ("conversations", "Conversations")):
        rows = {hour: counts[count] for hour, counts in wanted.items()}
        (tile,) = expressions(WALL, f"{title} · this hour so far")
        running = f"{local(now_us()).hour:02d}"
        assert one(still.prometheus.now(filled(tile, EVERYTHING))) == rows[running] > 0
        bars = expressions(WALL, "Calls and conversations by hour · today so far")
        assert by_label(still.prometheus.now(filled(bars[COUNTS.index(count)], EVERYTHING)), "hour") == rows


def test_the_rates_of_the_wall_divide_the_sums_of_the_records(still: Floor) -> None:
    """Rates are quotients of the day's sums, to the last digit; so is each hour's contact rate where it is shown."""
    hours = of_today(still, "site")
    day = sum(hours.values(), Counter[str]())
    for title, numerator, denominator in (
        ("Contact rate", "conversations", "calls"),
        ("Appointments / calls", "appointments", "calls"),
        ("Appointments / conversations", "appointments", "conversations"),
    ):
        (tile,) = expressions(WALL, f"{title} · today so far")
        assert one(still.prometheus.now(filled(tile, EVERYTHING))) == day[numerator] / day[denominator]
    (bars,) = expressions(WALL, "Contact rate by hour · today so far")
    shown = {hour: counts["conversations"] / counts["calls"] for hour, counts in hours.items() if counts["calls"] >= 10}
    assert by_label(still.prometheus.now(filled(bars, EVERYTHING)), "hour") == shown


def test_the_campaigns_day_is_its_records_and_its_interval_is_ours(still: Floor) -> None:
    """For one campaign chosen: the day's counts, and the contact rate with the same Wilson interval as records have."""
    campaign = still.prometheus.values_of("campaign", "dialer_today_calls")[0]
    chosen = EVERYTHING | {"campaign": campaign}
    day = sum(of_today(still, "campaign", campaign).values(), Counter[str]())
    for count, title in zip(COUNTS, ("Calls", "Conversations", "Appointments"), strict=True):
        (tile,) = expressions(CAMPAIGN_DAY, f"{title} · today so far")
        assert one(still.prometheus.now(filled(tile, chosen))) == day[count] > 0
    low, rate, high = (
        one(still.prometheus.now(filled(expr, chosen)))
        for expr in expressions(CAMPAIGN_DAY, "Contact rate · today so far")
    )
    assert rate == day["conversations"] / day["calls"]
    assert (low, high) == pytest.approx(wilson(day["conversations"], day["calls"]), abs=1e-6)


def test_the_rows_of_the_floor_are_the_operators_records(still: Floor) -> None:
    """A row per operator of the running hour, and in it that record's counts and talk time; so on their own page."""
    hour_us = now_us() // HOUR_US * HOUR_US
    wanted = {
        record.operator_id: record
        for (_, begins_us), record in records(still, "operator").items()
        if begins_us == hour_us and record.operator_id is not None
    }
    assert len(wanted) > 5
    columns = expressions(FLOOR, "Operators · this hour so far")
    shown = [by_label(still.prometheus.now(filled(expr, EVERYTHING)), "operator") for expr in columns]
    for place, count in ((0, "calls"), (2, "conversations"), (3, "appointments"), (4, "sales")):
        assert shown[place] == {who: getattr(record.counts, count) for who, record in wanted.items()}
    assert shown[5] == pytest.approx({who: record.talk_seconds for who, record in wanted.items()})
    who = busiest(still)
    (tile,) = expressions(OPERATOR, "Calls · this hour so far")
    assert one(still.prometheus.now(filled(tile, EVERYTHING | {"operator": who}))) == wanted[who].counts.calls
    assert parse_time(wanted[who].hour_start) == hour_us
