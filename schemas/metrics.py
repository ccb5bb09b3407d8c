"""The catalogue of metrics: every name that a worker's ``/metrics`` may show, typed, with its labels and meaning.

Counters stand here under the name they are exposed by (``..._total``). Ratios are recording rules, never metrics.
"""

from typing import Literal

import msgspec

LABELS: dict[str, str] = {
    "site": "site_id of the facts, `main` where they name none",
    "team": "team_id of the facts, empty where they name none",
    "campaign": "campaign_id",
    "operator": "operator_id; real operators only",
    "name": "name of the operator by the roster",
    "outcome": "`refused`, `warm_lead`, `callback`, `appointment` or `unclassified`",
    "kind": "`call`, `conversation`, `appointment`, `sale` or `presence`",
    "hour": "`00` to `23`: the hour of the site's local day, today's",
    "topic": "name of the topic, without the prefix",
    "partition": "number of the partition",
    "result": "`accepted`, `duplicate`, `superseded`, `rejected` or `forwarded`",
    "reason": "reason of rejection",
    "version": "version of Dialpulse",
}
"""What each label holds."""

RESULTS = ("accepted", "duplicate", "superseded", "rejected", "forwarded")
"""What can become of a record: the values of the label ``result``."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
# A wrap-up typed in the next hour and a sale weeks later are both ordinary: up to thirty days.
_DELAYS = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 604_800.0, 2_592_000.0)


class Metric(msgspec.Struct, frozen=True):
    """One metric as exposed. ``unit`` is what its value counts; ``buckets`` are a histogram's upper bounds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    unit: str
    buckets: tuple[float, ...] = ()


def _counter(name: str, labels: str, meaning: str, unit: str) -> Metric:
    return Metric(name, "counter", tuple(labels.split()), meaning, unit)


def _gauge(name: str, labels: str, meaning: str, unit: str) -> Metric:
    return Metric(name, "gauge", tuple(labels.split()), meaning, unit)


_PART = "site team campaign"
_PERSON = "site team operator"
_TODAY = "site campaign hour"
_LIVE = "of hours that are present or ended under 15 minutes ago"

METRICS: tuple[Metric, ...] = (
    _counter("dialer_calls_total", _PART, f"Outbound calls {_LIVE}.", "calls"),
    _counter("dialer_answered_total", _PART, f"Answered calls {_LIVE}.", "calls"),
    _counter("dialer_human_answered_total", _PART, f"Calls answered by a person {_LIVE}.", "calls"),
    _counter("dialer_abandoned_total", _PART, f"Calls that a person answered and no operator took {_LIVE}.", "calls"),
    _counter("dialer_conversations_total", _PART, f"Conversations by the conversation rule {_LIVE}.", "conversations"),
    _counter("dialer_appointments_total", _PART, f"Appointments {_LIVE}.", "appointments"),
    _counter("dialer_sales_total", _PART, f"Sales {_LIVE}.", "sales"),
    _counter("dialer_outcomes_total", f"{_PART} outcome", f"Conversations by conclusion {_LIVE}.", "conversations"),
    _counter("dialer_talk_seconds_total", _PART, f"Talk time of conversations {_LIVE}.", "seconds"),
    _counter("dialer_late_total", "kind", "Facts accepted into hours that ended 15 minutes ago or more.", "facts"),
    _gauge("dialer_operator_hour_calls", _PERSON, "Calls of the operator in the hour in progress.", "calls"),
    _gauge("dialer_operator_hour_conversations", _PERSON, "Conversations in the hour in progress.", "conversations"),
    _gauge("dialer_operator_hour_appointments", _PERSON, "Appointments of the hour in progress.", "appointments"),
    _gauge("dialer_operator_hour_sales", _PERSON, "Sales of the hour in progress.", "sales"),
    _gauge("dialer_operator_hour_talk_seconds", _PERSON, "Talk time in the hour in progress.", "seconds"),
    _gauge(
        "dialer_operator_info",
        "operator name team site",
        "Always 1; its labels say what the roster says of the operator.",
        "1",
    ),
    _gauge("dialer_today_calls", _TODAY, "Calls of the hour of today.", "calls"),
    _gauge("dialer_today_conversations", _TODAY, "Conversations of the hour of today.", "conversations"),
    _gauge("dialer_today_appointments", _TODAY, "Appointments of the hour of today.", "appointments"),
    _gauge("dialer_operators_active", "site team", "Operators with a fact ended in the last 10 minutes.", "operators"),
    _gauge(
        "dialer_campaign_operators_active",
        "site campaign",
        "Operators with a fact of the campaign ended in the last 10 minutes.",
        "operators",
    ),
    _gauge("dialer_site_open", "site", "Whether the site's calendar lets it dial now: 1 or 0.", "1"),
    _gauge(
        "dialer_site_closes_in_seconds",
        "site",
        "Time until the site closes next; 0 while it is closed, absent where it never does.",
        "seconds",
    ),
    _gauge("dialer_site_utc_offset_seconds", "site", "How far the site's clock is ahead of UTC.", "seconds"),
    _counter(
        "dialpulse_facts_total",
        "topic result",
        "Records taken from the fact topics, by what became of them.",
        "records",
    ),
    _counter("dialpulse_rejected_total", "topic reason", "Records sent to the rejected topic.", "records"),
    Metric(
        "dialpulse_fact_delay_seconds",
        "histogram",
        ("topic",),
        "Time from the end of what a fact states to its acceptance.",
        "seconds",
        _DELAYS,
    ),
    _gauge("dialpulse_last_fact_timestamp_seconds", "topic", "Unix time of the latest accepted fact.", "seconds"),
    Metric("dialpulse_flush_seconds", "histogram", (), "Time a flush took, commit included.", "seconds", _SECONDS),
    Metric("dialpulse_redis_write_seconds", "histogram", (), "Time a write to Redis took.", "seconds", _SECONDS),
    _gauge("dialpulse_redis_behind_seconds", "", "Age of the oldest record not yet in Redis.", "seconds"),
    _gauge("dialpulse_consumer_lag_facts", "topic partition", "Records of a partition not yet taken.", "records"),
    _gauge("dialpulse_pages", "", "Operator-hour pages held.", "pages"),
    _gauge("dialpulse_ledger_facts", "", "Statements held in pages.", "facts"),
    _gauge(
        "dialpulse_assignment_timestamp_seconds",
        "",
        "Unix time at which the group last gave this worker its partitions.",
        "seconds",
    ),
    _gauge("dialpulse_build_info", "version", "Always 1; its label says what runs.", "1"),
)
"""Every metric of a worker, in the order of the contract."""

RECOUNT_METRICS: tuple[Metric, ...] = (
    _gauge("dialpulse_reconcile_differences", "", "Differences that the latest finished recount found.", "differences"),
    _gauge(
        "dialpulse_reconcile_timestamp_seconds", "", "Unix time at which the latest recount was finished.", "seconds"
    ),
    _gauge("dialpulse_reconcile_failed", "", "Whether the latest recount could not be finished: 1 or 0.", "1"),
)
"""What the recount service shows, and no worker."""

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in METRICS}
"""The catalogue by name."""
