"""What a scrape shows: the whole catalogue, and gauges that equal the pages."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from processors.opening import OpeningHours, SiteCalendar
from schemas.metrics import METRICS
from streams.roster import Entry, Roster
from streams.sinks.prometheus import WorkerCollector
from tests.agents.floor import HOUR, Fact, Floor, call, conversation, fact, running

EIGHT_TO_EIGHT = OpeningHours((((8 * 60, 20 * 60),),) * 7)
_PERSON = ("calls", "conversations", "appointments", "sales", "talk_seconds")


class _Status:
    """An engine five records behind and a Redis two seconds behind."""

    def lag(self) -> dict[tuple[str, ...], int]:
        return {("dialer.calls.v1", "0"): 5}

    def redis_behind_seconds(self) -> float:
        return 2.0


def _scrape(floor: Floor, *, by_operator: bool = True) -> dict:
    """Families by name, as Prometheus reads them."""
    registry = CollectorRegistry()
    collector = WorkerCollector(
        floor.telemetry,
        floor.pages.books,
        floor.clocks,
        SiteCalendar(floor.clocks, sites={"lyon": EIGHT_TO_EIGHT}),
        floor.rule,
        _Status(),
        version="1.2.3",
        by_operator=by_operator,
        now_us=lambda: floor.now_us,
        roster=lambda: Roster({"o1": Entry("Ada", "t1", "lyon"), "o9": Entry("Bob")}),
    )
    registry.register(collector)
    text = generate_latest(registry).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def _samples(families: dict, name: str) -> dict[tuple[str, ...], float]:
    """A family's samples by the values of its labels, in the catalogue's order."""
    metric = next(metric for metric in METRICS if metric.name == name)
    family = families[name.removesuffix("_total") if metric.kind == "counter" else name]
    return {tuple(sample.labels[label] for label in metric.labels): sample.value for sample in family.samples}


def _busy() -> Floor:
    """Something of everything: three people, a dialer's own attempt, dirt, a late fact, a flush and a Redis write."""
    floor = running().fold(
        call("c1", answered_by="human", talk_seconds=61.5, ended_at="2026-11-23T13:25:00Z"),
        call("c2", operator="o2", team_id="t2", ended_at="2026-11-23T13:15:00Z"),
        call("c3", operator=None),
        call("c4", "2026-11-23T12:10:00Z", site_id=None),
        conversation("c1", "appointment"),
        Fact("dialer.calls.v1", b"o1", b"{}", 0),
        Fact("dialer.calls.v1", b"x", call("c9").value, 0),
        fact("dialer.presence.v1", "o3", {"operator_id": "o3", "since": "2026-11-23T13:28:00Z", "state": "paused"}),
    )
    floor.drain()
    floor.telemetry.rebalanced(frozenset({0}), 1)
    floor.telemetry.flushed(0.02, 10)
    floor.telemetry.wrote(5, 0.004)
    return floor


def test_a_scrape_shows_the_whole_catalogue_with_its_help_and_labels() -> None:
    """Every family of the catalogue with a sample, none beside it, as Prometheus' own parser reads it."""
    families = _scrape(_busy())
    expected = {metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name for metric in METRICS}
    assert set(families) == expected
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        assert family.samples, metric.name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels), metric.name
            assert sample.name.removeprefix(metric.name) in {"", "_bucket", "_sum", "_count"}


def test_an_idle_worker_shows_every_family_too() -> None:
    """Without samples where there is nothing to tell, but with type and help."""
    families = _scrape(Floor().begin())
    assert len(families) == len(METRICS)


def test_a_histograms_buckets_add_up_to_its_count() -> None:
    """Cumulative, with the last bucket everything."""
    samples = _scrape(_busy())["dialpulse_flush_seconds"].samples
    buckets = [(sample.labels["le"], sample.value) for sample in samples if sample.name.endswith("_bucket")]
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert buckets[1:3] == [("0.01", 0.0), ("0.025", 1.0)] and buckets[-1] == ("+Inf", 1.0)
    assert [sample.value for sample in samples if sample.name.endswith(("_count", "_sum"))] == [1.0, 0.02]


def test_what_engine_and_redis_say_of_themselves_is_shown() -> None:
    """Lag by partition, Redis' delay, the version, and how much is held."""
    floor = _busy()
    families = _scrape(floor)
    assert _samples(families, "dialpulse_consumer_lag_facts") == {("dialer.calls.v1", "0"): 5}
    assert _samples(families, "dialpulse_redis_behind_seconds") == {(): 2}
    assert _samples(families, "dialpulse_build_info") == {("1.2.3",): 1}
    assert _samples(families, "dialpulse_pages") == {(): 5}
    assert _samples(families, "dialpulse_ledger_facts") == {(): 6}


def test_the_operators_gauges_equal_their_pages_of_the_hour_in_progress() -> None:
    """People only, with the site and team of their latest fact, exact at the moment of the scrape."""
    floor = _busy()
    families = _scrape(floor)
    records = {record.owner: record for record in _records(floor)}
    labels = {"o1": ("lyon", "t1", "o1"), "o2": ("lyon", "t2", "o2"), "o3": ("main", "", "o3")}
    for name in _PERSON:
        shown = _samples(families, f"dialer_operator_hour_{name}")
        assert set(shown) == set(labels.values())
        for owner, place in labels.items():
            record = records[owner]
            assert shown[place] == (record.talk_seconds if name == "talk_seconds" else getattr(record.counts, name))
    assert _samples(families, "dialer_operator_hour_talk_seconds")["lyon", "t1", "o1"] == 61.5


def _records(floor: Floor) -> list:
    """The records of the hour in progress, as a successor would publish them."""
    heir = floor.successor(generation=2)
    return [record for record in heir.drain().published().values() if record.hour_start == HOUR]


def test_without_operator_metrics_no_person_is_shown() -> None:
    """A person's live figures are personal data: no label names one, the sums stay."""
    families = _scrape(_busy(), by_operator=False)
    assert not any("operator" in sample.labels for family in families.values() for sample in family.samples)
    assert "dialer_operator_hour_calls" in families
    assert _samples(families, "dialer_today_calls")["lyon", "autumn", "13"] == 3


def test_an_hour_that_is_over_leaves_the_operators_gauges() -> None:
    """They are of the hour in progress alone: no series with an old number."""
    floor = _busy()
    floor.now = "2026-11-23T14:00:00Z"
    assert _samples(_scrape(floor), "dialer_operator_hour_calls") == {}


def test_today_is_the_sites_own_day_by_its_own_hours() -> None:
    """In Kolkata it is tomorrow already: each site's gauge begins with its midnight, hours by its clock."""
    floor = running(now="2026-11-23T20:10:00Z", sites={"pune": "Asia/Kolkata", "la": "America/Los_Angeles"})
    for place, site in (("pune", "pune"), ("la", "la"), ("utc", None)):
        for number, at in enumerate(("06:40", "18:20", "18:40", "19:40")):
            floor.fold(call(f"{place}{number}", f"2026-11-23T{at}:00Z", operator=f"o-{place}", site_id=site))
    shown = _samples(_scrape(floor), "dialer_today_calls")
    assert shown == {
        ("pune", "autumn", "00"): 1,
        ("pune", "autumn", "01"): 1,
        ("la", "autumn", "10"): 2,
        ("la", "autumn", "11"): 1,
        ("main", "autumn", "06"): 1,
        ("main", "autumn", "18"): 2,
        ("main", "autumn", "19"): 1,
    }


def test_active_are_operators_with_a_fact_ended_in_the_last_ten_minutes() -> None:
    """By site and team, and by campaign; those who fell silent leave a zero, the dialer's own attempts are nobody."""
    floor = _busy()
    by_team = {("lyon", "t1"): 1, ("lyon", "t2"): 0, ("main", "t1"): 0, ("main", ""): 1}
    assert _samples(_scrape(floor), "dialer_operators_active") == by_team
    campaigns = _samples(_scrape(floor), "dialer_campaign_operators_active")
    assert campaigns == {("lyon", "autumn"): 1, ("main", "autumn"): 0}
    floor.now = "2026-11-23T13:35:00Z"
    assert _samples(_scrape(floor), "dialer_operators_active")["lyon", "t1"] == 1
    floor.now = "2026-11-23T13:35:00.000001Z"
    assert _samples(_scrape(floor), "dialer_operators_active")["lyon", "t1"] == 0


def test_a_long_call_that_ends_after_its_hour_keeps_its_operator_active() -> None:
    """Also where the hour it began in ended more than a quarter of an hour ago."""
    floor = running().fold(call("c1"))
    floor.drain()
    floor.now = "2026-11-23T14:20:00Z"
    floor.fold(call("c2", "2026-11-23T13:50:00Z", ended_at="2026-11-23T14:19:00Z"))
    assert _samples(_scrape(floor), "dialer_operators_active") == {("lyon", "t1"): 1}
    floor.drain()
    assert _samples(_scrape(floor.successor()), "dialer_operators_active") == {("lyon", "t1"): 1}


def test_an_operator_of_two_hours_is_active_once() -> None:
    """People are counted, not their pages."""
    floor = running(now="2026-11-23T14:05:00Z")
    floor.fold(call("c1", "2026-11-23T13:55:00Z", ended_at="2026-11-23T13:58:00Z"), call("c2", "2026-11-23T14:01:00Z"))
    assert _samples(_scrape(floor), "dialer_operators_active") == {("lyon", "t1"): 1}


def test_pages_that_are_not_whole_are_not_shown() -> None:
    """While a worker recovers, half a page would look like a fall."""
    heir = Floor(logs=_busy().logs)
    heir.restore()
    families = _scrape(heir)
    assert _samples(families, "dialer_today_calls") == {} == _samples(families, "dialer_operator_hour_calls")


def test_names_of_the_roster_are_shown_only_with_the_metrics_per_operator() -> None:
    """They join to those metrics by the operator; switched off, no name leaves the worker."""
    assert _samples(_scrape(_busy()), "dialer_operator_info") == {
        ("o1", "Ada", "t1", "lyon"): 1,
        ("o9", "Bob", "", ""): 1,
    }
    off = _scrape(_busy(), by_operator=False)
    assert not off["dialer_operator_info"].samples
    assert not any("Ada" in sample.labels.values() for family in off.values() for sample in family.samples)
