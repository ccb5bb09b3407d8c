"""Records that say that they are final: when their hour and its grace are over, and nothing is left to read."""

import time
from pathlib import Path

from schemas.kpis import KPI_TYPES
from streams.local import LocalStack
from streams.settings import Settings
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    ago,
    assert_redis_equals_topics,
    bodies,
    call,
    fresh,
    hour_of,
    kept,
    reconciled,
    send,
    wait_for,
)
from tests.workers import running_worker

PAST, PRESENT = 2 * 3600, 5
CAMPAIGN_HOURS = "kpi.campaign-hour.v1"
LEVELS = (OPERATOR_HOURS, CAMPAIGN_HOURS, "kpi.site-hour.v1")
"""The topics that have records here: facts without a team have no team-hour."""


def _finals(settings: Settings, topic: str) -> dict[str, bool]:
    return {key.rpartition("|")[2]: record.is_final for key, record in bodies(settings, topic).items()}


def test_records_of_past_hours_become_final_and_the_present_one_does_not(stack: LocalStack, tmp_path: Path) -> None:
    """Of every level, in the topic and in Redis; the revision's last figure says the same."""
    settings = fresh(stack, final_grace=0)
    past, present = ago(PAST), ago(PRESENT)
    with running_worker(settings, tmp_path):
        send(settings, [call("c1", past), call("c2", present)])
        reconciled(settings)
        wait_for(lambda: all(_finals(settings, topic)[hour_of(past)] for topic in LEVELS))
        for topic in LEVELS:
            for record in bodies(settings, topic).values():
                assert record.is_final == (record.hour_start == hour_of(past))
                assert record.revision.endswith("-1" if record.is_final else "-0")
        assert_redis_equals_topics(settings)


def test_a_late_fact_gives_a_new_final_record(stack: LocalStack, tmp_path: Path) -> None:
    """What is accepted after an hour was final changes it all the same; its revision is greater, and final."""
    settings, past = fresh(stack, final_grace=1), ago(PAST)
    key = f"o1|{hour_of(past)}"
    with running_worker(settings, tmp_path):
        send(settings, [call("c1", past)])
        wait_for(lambda: _finals(settings, OPERATOR_HOURS).get(hour_of(past)))
        first = bodies(settings, OPERATOR_HOURS)[key]
        send(settings, [call("c2", past)])
        reconciled(settings)
        second = bodies(settings, OPERATOR_HOURS)[key]
        assert (second.counts.calls, second.is_final) == (2, True)
        assert second.revision > first.revision
        wait_for(lambda: _finals(settings, CAMPAIGN_HOURS)[hour_of(past)])
        assert bodies(settings, CAMPAIGN_HOURS)[f"autumn|{hour_of(past)}"].counts.calls == 2


def test_final_records_stay_final_over_a_crash(stack: LocalStack, tmp_path: Path) -> None:
    """The successor of a killed worker knows which hours are final, and says nothing of them again."""
    settings, past = fresh(stack, final_grace=0), ago(PAST)
    with running_worker(settings, tmp_path) as worker:
        send(settings, [call(f"c{number}", past, operator_id=f"o{number}") for number in range(40)])
        wait_for(lambda: all(_finals(settings, topic).get(hour_of(past)) for topic in LEVELS))
        time.sleep(1)  # for the mark that follows the records
        before = {topic: kept(settings, topic) for topic in KPI_TYPES}
        worker.kill()
    with running_worker(settings, tmp_path):
        reconciled(settings)
        time.sleep(1)
        assert {topic: kept(settings, topic) for topic in KPI_TYPES} == before
        assert_redis_equals_topics(settings)


def test_an_hour_within_its_grace_is_not_final(stack: LocalStack, tmp_path: Path) -> None:
    """An hour that ended two hours ago waits on under a grace of a day."""
    settings, past = fresh(stack, final_grace=86_400), ago(PAST)
    with running_worker(settings, tmp_path):
        send(settings, [call("c1", past)])
        reconciled(settings)
        time.sleep(1)
        assert all(not final for topic in LEVELS for final in _finals(settings, topic).values())
