"""The worker's metrics: counters as they stand, gauges read from the pages at the scrape, so that they are exact."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from processors.hours import Clocks
from processors.opening import SiteCalendar
from processors.owners import is_operator
from processors.rollup import MAIN_SITE
from processors.rules import ConversationRule
from processors.times import DAY_US, HOUR_US, MINUTE_US, SECOND_US, to_datetime
from schemas.kpis import COUNT_NAMES
from schemas.metrics import BY_NAME, METRICS
from streams.counters import Labels, part_labels
from streams.ledgers.book import Book
from streams.ledgers.live_page import LivePage
from streams.roster import Roster
from streams.telemetry import Telemetry

ACTIVE_US = 10 * MINUTE_US
LONGEST_CALL_US = HOUR_US
"""A call may end so long after the end of the hour it began in and still count as activity."""

_CALLS, _CONVERSATIONS, _APPOINTMENTS, _SALES = (
    COUNT_NAMES.index(name) for name in ("calls", "conversations", "appointments", "sales")
)
_TODAY = (
    ("dialer_today_calls", _CALLS),
    ("dialer_today_conversations", _CONVERSATIONS),
    ("dialer_today_appointments", _APPOINTMENTS),
)
_PERSON = (
    ("dialer_operator_hour_calls", _CALLS),
    ("dialer_operator_hour_conversations", _CONVERSATIONS),
    ("dialer_operator_hour_appointments", _APPOINTMENTS),
    ("dialer_operator_hour_sales", _SALES),
)

_SITE = ("dialer_site_open", "dialer_site_closes_in_seconds", "dialer_site_utc_offset_seconds")

Samples = dict[str, dict[Labels, float]]


class Status(Protocol):
    """What the worker tells of itself at a scrape."""

    def lag(self) -> dict[Labels, int]:
        """Records not yet folded, by (topic, partition)."""
        ...

    def redis_behind_seconds(self) -> float:
        """Age of the oldest record that Redis does not have."""
        ...


class WorkerCollector(Collector):
    """Everything in the metric catalogue, in its order. Scraped in the event loop that folds the pages."""

    def __init__(
        self,
        telemetry: Telemetry,
        books: dict[int, Book],
        clocks: Clocks,
        calendar: SiteCalendar,
        rule: ConversationRule,
        status: Status,
        *,
        version: str,
        by_operator: bool,
        now_us: Callable[[], int],
        roster: Callable[[], Roster] = Roster,
    ) -> None:
        self._telemetry = telemetry
        self._books = books
        self._clocks = clocks
        self._calendar = calendar
        # A site that was quiet for a day keeps its series, or rules would take its opening for a beginning.
        self._sites = {MAIN_SITE, *calendar.sites}
        self._rule = rule
        self._status = status
        self._version = version
        self._by_operator = by_operator
        self._now_us = now_us
        self._roster = roster

    def collect(self) -> Iterator[Metric]:
        """One family per metric of the catalogue."""
        samples = self._gauges()
        for metric in METRICS:
            if metric.kind == "histogram":
                yield self._histogram(metric.name)
            elif metric.kind == "counter":
                counter = CounterMetricFamily(
                    metric.name.removesuffix("_total"),
                    metric.help,
                    labels=metric.labels,
                )
                for labels, value in self._telemetry.counters.values.get(metric.name, {}).items():
                    counter.add_metric(labels, value)
                yield counter
            else:
                gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
                for labels, value in samples.get(metric.name, {}).items():
                    gauge.add_metric(labels, value)
                yield gauge

    def _histogram(self, name: str) -> HistogramMetricFamily:
        family = HistogramMetricFamily(name, BY_NAME[name].help, labels=BY_NAME[name].labels)
        for labels, histogram in self._telemetry.histograms.get(name, {}).items():
            total, buckets = 0, []
            for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else repr(bound), float(total)))
            family.add_metric(labels, buckets, histogram.sum)
        return family

    def _gauges(self) -> Samples:
        now_us = self._now_us()
        samples: Samples = {name: dict(series) for name, series in self._telemetry.gauges.items()}
        samples["dialpulse_build_info"] = {(self._version,): 1}
        samples["dialpulse_redis_behind_seconds"] = {(): self._status.redis_behind_seconds()}
        samples["dialpulse_consumer_lag_facts"] = dict(self._status.lag().items())
        pages = sum(len(book.pages) for book in self._books.values())
        samples["dialpulse_pages"] = {(): pages}
        samples["dialpulse_ledger_facts"] = {(): sum(book.facts for book in self._books.values())}
        recent = list(self._recent(now_us))
        self._today(recent, now_us, samples)
        self._active(recent, now_us, samples)
        self._open(recent, now_us, samples)
        if self._by_operator:
            self._persons(recent, now_us, samples)
            people = self._roster().operators.items()
            samples["dialer_operator_info"] = {(one, said.name, said.team, said.site): 1 for one, said in people}
        return samples

    def _recent(self, now_us: int) -> Iterable[LivePage]:
        """Pages of the hours that can be today's or present, whatever the zone."""
        for book in self._books.values():
            if book.is_whole:
                for hour_us in [hour_us for hour_us in book.by_hour if hour_us > now_us - DAY_US - 2 * HOUR_US]:
                    yield from book.by_hour[hour_us]

    def _today(self, pages: list[LivePage], now_us: int, samples: Samples) -> None:
        series = {name: defaultdict[Labels, float](float) for name, _ in _TODAY}
        hours: dict[tuple[int, str], str | None] = {}
        for page in pages:
            folded = page.settle(self._clocks, self._rule)
            key = page.hour_us, page.hour.zone
            if key not in hours:
                hours[key] = _hour_of_today(*key, now_us)
            hour = hours[key]
            if hour is None:
                continue
            for part, tally in folded.parts.items():
                site, _, campaign = part_labels(part)
                for name, place in _TODAY:
                    series[name][site, campaign, hour] += tally.counts[place]
        samples.update(series)

    def _active(self, pages: list[LivePage], now_us: int, samples: Samples) -> None:
        by_team: dict[Labels, set[str]] = defaultdict(set)
        by_campaign: dict[Labels, set[str]] = defaultdict(set)
        for page in pages:
            if page.hour.end_us < now_us - ACTIVE_US - LONGEST_CALL_US or not is_operator(page.owner):
                continue
            for part, ended_us in page.last_ends().items():
                site, team, campaign = part_labels(part)
                active = {page.owner} if now_us - ACTIVE_US <= ended_us else set()
                by_team[site, team] |= active
                if campaign:
                    by_campaign[site, campaign] |= active
        samples["dialer_operators_active"] = {labels: len(owners) for labels, owners in by_team.items()}
        samples["dialer_campaign_operators_active"] = {labels: len(owners) for labels, owners in by_campaign.items()}

    def _open(self, pages: list[LivePage], now_us: int, samples: Samples) -> None:
        """What the calendar says of every site that is named in it, was seen, or is in recent pages."""
        calendar = self._calendar
        operators = (page for page in pages if is_operator(page.owner))
        self._sites |= {part_labels(part)[0] for page in operators for part in page.parts}
        opens, closes, offsets = (samples.setdefault(name, {}) for name in _SITE)
        for site in sorted(self._sites):
            opens[site,] = calendar.is_open(site, now_us)
            offsets[site,] = calendar.utc_offset_us(site, now_us) / SECOND_US
            if (closes_us := calendar.closes_at(site, now_us)) is not None:
                closes[site,] = (closes_us - now_us) / SECOND_US

    def _persons(self, pages: list[LivePage], now_us: int, samples: Samples) -> None:
        for name in (
            *(name for name, _ in _PERSON),
            "dialer_operator_hour_talk_seconds",
        ):
            samples[name] = {}
        for page in pages:
            if not page.hour_us <= now_us < page.hour.end_us or not is_operator(page.owner):
                continue
            folded = page.settle(self._clocks, self._rule)
            latest = folded.latest
            site_id, team_id, _ = latest.part if latest is not None else (None, None, None)
            labels = (
                MAIN_SITE if site_id is None else site_id,
                team_id or "",
                page.owner,
            )
            tally = folded.total()
            for name, place in _PERSON:
                samples[name][labels] = tally.counts[place]
            samples["dialer_operator_hour_talk_seconds"][labels] = tally.talk_us / SECOND_US


def _hour_of_today(hour_us: int, zone: str, now_us: int) -> str | None:
    """``00`` to ``23`` where the hour is one of the zone's day at the present moment."""
    begins = _local(hour_us, zone)
    return f"{begins.hour:02d}" if begins.date() == _local(now_us, zone).date() else None


def _local(us: int, zone: str) -> datetime:
    return to_datetime(us).astimezone(ZoneInfo(zone))
