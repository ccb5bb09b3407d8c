"""The parts of the benchmark at a tiny size, so that `make bench` works whenever somebody needs it."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from streams.errors import UserError
from streams.local import LocalStack
from tests.bench import contenders, recovery, report, sections, speed, table
from tests.bench.recount import recount
from tests.bench.stage import Stage
from tests.bench.workload import Floor, last_full_hour, records

FLOOR = Floor(facts=3_000, operators=30, hours=2, end_s=last_full_hour())
SAID = {one.name: one for one in contenders.ALL}


pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def filled(stack: LocalStack) -> Stage:
    """A topic of calls of its own."""
    stage = Stage(stack, print, "bench.", partitions=4)
    stage.fill(FLOOR)
    return stage


def test_a_floor_has_the_records_it_says_with_repeats_and_corrections() -> None:
    """As many as asked for, the same each time, of about the size of a real fact."""
    made = list(records(FLOOR))
    assert made == list(records(FLOOR)) != list(records(replace(FLOOR, seed=12)))
    assert len(made) == FLOOR.facts
    versions = Counter(msgspec.json.decode(value)["version"] for _, value in made)
    again = FLOOR.facts - len(set(made))
    assert 0 < versions[1] < 0.04 * FLOOR.facts and 0 < again < 0.04 * FLOOR.facts
    assert 270 < sum(len(value) for _, value in made) / len(made) < 300


def test_reference_and_pipeline_take_the_same_facts_and_agree_with_the_recount(filled: Stage) -> None:
    """Each run is checked to the last page by itself; what comes out is a table with their ratio."""
    chosen = [SAID["reference"], SAID["ours"]]
    *_, runs = speed.race(filled, FLOOR, chosen, rounds=1)
    rows = table.rows(chosen, runs)
    assert [row.facts for row in rows] == [FLOOR.facts] * 2
    assert rows[0].ratios == [1.0]
    assert 0 < rows[1].ratios[0] < 1
    assert rows[1].changelog_per_fact > 20 and rows[1].peak_mib > 50
    assert "reference" in table.plain(rows)


def test_the_worker_of_the_command_is_killed_and_its_heir_takes_the_rest(filled: Stage) -> None:
    """The records after it are checked to the last page by itself; ready comes first, then the facts that waited."""
    done = recovery.recover_ours(filled, recount(filled))
    assert 0 < done.ready_s <= done.caught_up_s
    assert done.ready_cpu_s > 0 and 0 <= done.waited_s < done.ready_s
    assert recount(filled).facts == FLOOR.facts + recovery.WAITING


def test_every_measurement_has_its_place_in_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before is gone, and nothing else has changed."""
    before = report.PAGE.read_text()
    monkeypatch.setattr(report, "PAGE", tmp_path / "page.md")
    (tmp_path / "page.md").write_text(before)
    for name in sections.ALL:
        report.write(name, "| a table |", "make bench")
    written = (tmp_path / "page.md").read_text()
    assert written.count("| a table |") == len(sections.ALL)
    assert [line for line in written.splitlines() if line[:2] == "##"] == [
        line for line in before.splitlines() if line[:2] == "##"
    ]


def test_a_wrong_result_is_named(filled: Stage) -> None:
    """One call too many, on one page, ends the benchmark."""
    counted = recount(filled)
    key = random.Random(1).choice(list(counted.pages))
    calls, *rest = counted.pages[key]
    with pytest.raises(UserError, match=f"someone counted wrong on 1 of {len(counted.pages)} pages"):
        counted.insist("someone", counted.pages | {key: (calls + 1, *rest)})
