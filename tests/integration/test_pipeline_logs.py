"""A call log replayed into a running pipeline, counted a second time in SQL over the raw file."""

import subprocess
import sys
from pathlib import Path

import pytest

from streams.local import LocalStack
from streams.recount.report import Report
from streams.settings import Settings
from tests.call_log import dirty_log, write_log
from tests.integration.pipeline_rig import (
    CALLS,
    OPERATOR_HOURS,
    assert_redis_equals_topics,
    bodies,
    fresh,
    reconciled,
)
from tests.recount_sql import recount, verdicts
from tests.workers import environment, running_worker

ZONE = "Asia/Jerusalem"
ROWS = 3_000


@pytest.fixture(scope="module")
def replayed(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path, Report]:
    """Rows in the shape of a bank's log, dirt included, replayed as a user does it and then recounted."""
    folder = tmp_path_factory.mktemp("log")
    settings = fresh(stack, time_zone=ZONE)
    path = write_log(folder / "log.txt.gz", dirty_log(seed=1999, rows=ROWS), packed=True)
    with running_worker(settings, folder):
        line = [sys.executable, "-m", "streams.commands", "replay", str(path), "--mapping", "technion"]
        done = subprocess.run(line, env=environment(settings), capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{ROWS:,} rows read" in done.stdout or f"{ROWS} rows read" in done.stdout
        report = reconciled(settings)
        assert_redis_equals_topics(settings)
    return settings, path, report


def test_every_good_row_of_a_log_counts_and_no_other(replayed: tuple[Settings, Path, Report]) -> None:
    """The worker accepts the facts of all rows that SQL finds good, and rejects none of them."""
    _, path, report = replayed
    found = verdicts(path)
    assert sum(found.values()) == ROWS
    assert min(found.values()) > 0 and len(found) == 4
    assert dict(report.facts[CALLS]) == {"accepted": found["good"]}


def test_the_kpi_topic_has_the_calls_and_conversations_that_sql_counts(replayed: tuple[Settings, Path, Report]) -> None:
    """Per owner and hour, the hours being those of the log's own zone."""
    settings, path, _ = replayed
    records = bodies(settings, OPERATOR_HOURS)
    published = {
        (record.owner, record.hour_start): (record.counts.calls, record.counts.conversations)
        for record in records.values()
    }
    assert published == recount(path, ZONE)
    assert {record.time_zone for record in records.values()} == {ZONE}
    assert any(record.counts.conversations for record in records.values())
    assert any(record.operator_id is None for record in records.values())
