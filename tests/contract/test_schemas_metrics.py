"""The catalogue of metrics."""

import re

from schemas.metrics import BY_NAME, LABELS, METRICS, RECOUNT_METRICS, RESULTS

PROMISED = """
dialer_calls_total dialer_answered_total dialer_human_answered_total dialer_abandoned_total dialer_conversations_total
dialer_appointments_total dialer_sales_total dialer_outcomes_total dialer_talk_seconds_total dialer_late_total
dialer_operator_hour_calls dialer_operator_hour_conversations dialer_operator_hour_appointments
dialer_operator_hour_sales dialer_operator_hour_talk_seconds dialer_operator_info
dialer_today_calls dialer_today_conversations
dialer_today_appointments dialer_operators_active dialer_campaign_operators_active dialer_site_open
dialer_site_closes_in_seconds dialer_site_utc_offset_seconds dialpulse_facts_total dialpulse_rejected_total
dialpulse_fact_delay_seconds dialpulse_last_fact_timestamp_seconds dialpulse_flush_seconds
dialpulse_redis_write_seconds dialpulse_redis_behind_seconds dialpulse_consumer_lag_facts dialpulse_pages
dialpulse_ledger_facts dialpulse_assignment_timestamp_seconds dialpulse_build_info
"""


def test_every_promised_metric_is_there_once() -> None:
    """Dashboards and alerts name them: taking one away is a change of the contract."""
    assert [metric.name for metric in METRICS] == PROMISED.split()
    assert len(BY_NAME) == len(METRICS)


def test_counters_and_only_counters_end_in_total() -> None:
    """So the exposed name says how to query it."""
    assert all(metric.name.endswith("_total") == (metric.kind == "counter") for metric in METRICS)


def test_histograms_and_only_histograms_have_rising_buckets() -> None:
    """Buckets out of order would make quantiles of nonsense."""
    for metric in METRICS:
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_every_label_is_explained_and_every_explained_label_is_used() -> None:
    """The table of labels is the table of the labels in use."""
    assert {label for metric in METRICS for label in metric.labels} == set(LABELS)


def test_a_unit_in_a_name_is_the_unit() -> None:
    """Seconds are called seconds, in base units, and every help is a sentence."""
    for metric in METRICS + RECOUNT_METRICS:
        assert re.fullmatch(r"(dialer|dialpulse)(_[a-z]+)+", metric.name)
        assert ("_seconds" in metric.name) == (metric.unit == "seconds"), metric.name
        assert metric.help[0].isupper() and metric.help.endswith(".")


def test_the_results_are_those_that_the_label_names() -> None:
    """Code and docs name the same results."""
    assert [f"`{result}`" for result in RESULTS] == re.findall("`[a-z]+`", LABELS["result"])
