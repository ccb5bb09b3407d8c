"""Sites on several clocks in one running worker: whose hours begin when, and how long they are."""

from collections.abc import Iterator
from typing import Any

import pytest

from processors.times import format_time, parse_time
from streams.local import LocalStack
from streams.producing import Outgoing
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    assert_redis_equals_topics,
    bodies,
    call,
    fresh,
    reconciled,
    send,
)
from tests.workers import running_worker

ZONES = {"pune": "Asia/Kolkata", "paris": "Europe/Paris", "howe": "Australia/Lord_Howe"}
FIVE_MINUTES_US = 300_000_000

# Site, from, until: a call every five minutes in between, in UTC.
STRETCHES = (
    ("pune", "2026-03-29T00:30:00Z", "2026-03-29T03:30:00Z"),
    ("paris", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"),
    ("paris", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z"),
    ("howe", "2026-04-04T13:00:00Z", "2026-04-04T17:30:00Z"),
    ("howe", "2026-10-03T13:30:00Z", "2026-10-03T18:00:00Z"),
    ("none", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"),
)

# Worked by hand. Paris goes from +1 to +2 at 01:00Z on 29 March and back at 01:00Z on 25 October. Lord Howe goes from
# +11 to +10:30 at 15:00Z on 4 April (2:00 becomes 1:30) and back at 15:30Z on 3 October (2:00 becomes 2:30).
HOURS = {
    "pune": [
        ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
        ("2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"),
        ("2026-03-29T02:30:00Z", "2026-03-29T03:30:00Z"),
    ],
    "paris": [
        ("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),  # one o'clock, after which three follows
        ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
        ("2026-03-29T02:00:00Z", "2026-03-29T03:00:00Z"),
        ("2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z"),
        ("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),  # two o'clock
        ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"),  # two o'clock again
        ("2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"),
    ],
    "howe": [
        ("2026-04-04T13:00:00Z", "2026-04-04T14:00:00Z"),  # midnight
        ("2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z"),  # one o'clock, whole
        ("2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"),  # its second half again
        ("2026-04-04T15:30:00Z", "2026-04-04T16:30:00Z"),  # two o'clock
        ("2026-04-04T16:30:00Z", "2026-04-04T17:30:00Z"),
        ("2026-10-03T13:30:00Z", "2026-10-03T14:30:00Z"),  # midnight
        ("2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z"),  # one o'clock
        ("2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"),  # two o'clock, of which half is left
        ("2026-10-03T16:00:00Z", "2026-10-03T17:00:00Z"),
        ("2026-10-03T17:00:00Z", "2026-10-03T18:00:00Z"),
    ],
    "none": [
        ("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
    ],
}


def _calls() -> Iterator[Outgoing]:
    for site, begin, end in STRETCHES:
        for us in range(parse_time(begin), parse_time(end), FIVE_MINUTES_US):
            started_at = format_time(us)
            yield call(
                f"{site} {started_at}",
                started_at,
                stated_at=started_at,
                operator_id=f"operator of {site}",
                campaign_id=f"campaign of {site}",
                team_id=f"team of {site}",
                site_id=None if site == "none" else site,
            )


@pytest.fixture(scope="module")
def records(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """All records of a floor with three sites of zones of their own, and facts without a site."""
    settings = fresh(stack, site_time_zones=ZONES)
    with running_worker(settings, tmp_path_factory.mktemp("zones")):
        send(settings, _calls())
        reconciled(settings)
        assert_redis_equals_topics(settings)
        return {topic: bodies(settings, topic) for topic in (OPERATOR_HOURS, "kpi.site-hour.v1", "kpi.team-hour.v1")}


@pytest.mark.parametrize("site", HOURS)
def test_hours_of_a_site_are_those_of_its_clock(records: dict[str, dict[str, Any]], site: str) -> None:
    """Keys, ends and zone: an hour that the clock repeats is two, and a change by half an hour makes a short one."""
    zone = ZONES.get(site, "UTC")
    mine = {key: one for key, one in records[OPERATOR_HOURS].items() if one.operator_id == f"operator of {site}"}
    assert set(mine) == {f"operator of {site}|{start}" for start, _ in HOURS[site]}
    found = sorted((one.hour_start, one.hour_end, one.time_zone) for one in mine.values())
    assert found == [(start, end, zone) for start, end in HOURS[site]]


@pytest.mark.parametrize("site", HOURS)
def test_slots_and_rates_of_a_site_fit_the_length_of_the_hour(records: dict[str, dict[str, Any]], site: str) -> None:
    """A call every five minutes fills twelve slots, or six in a half hour, and is always twelve calls an hour."""
    name = {"none": "main"}.get(site, site)
    for start, end in HOURS[site]:
        slots = (parse_time(end) - parse_time(start)) // FIVE_MINUTES_US
        for record in (
            records[OPERATOR_HOURS][f"operator of {site}|{start}"],
            records["kpi.site-hour.v1"][f"{name}|{start}"],
            records["kpi.team-hour.v1"][f"team of {site}|{start}"],
        ):
            assert slots in (6, 12)
            assert record.slots.calls == [1] * slots, (start, record.schema_)
            assert (record.hour_end, record.counts.calls) == (end, slots)
            assert record.rates["calls_per_hour"].value == 12
