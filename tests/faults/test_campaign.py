"""The short form of the fault campaign: real Kafka, Redis and workers are killed and frozen, and every row is right."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.local import LocalStack
from tests.faults import programme
from tests.faults.campaign import STAGE, Campaign, Outcome
from tests.faults.nursery import Nursery
from tests.faults.stage import made_stack, set_stage

RATE = 400.0
SEED = int(os.environ.get("SEED") or time.time()) % 1_000_000

Place = tuple[LocalStack, Path | None]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where the workers of all campaigns here come from."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A Kafka and a Redis that nobody else uses, since they are killed and emptied."""
    with made_stack(tmp_path_factory.mktemp("faults")) as made:
        yield made


@pytest.fixture(scope="module")
def played(place: Place, nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Outcome | Exception:
    """The short campaign, or why it could not be played."""
    print(f"seed {SEED}")
    kinds = programme.drawn(programme.SHORT, SEED)
    try:
        folder = tmp_path_factory.mktemp("short")
        outcome = Campaign(set_stage(*place, "short"), nursery, folder, SEED, kinds, rate=RATE).play()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the first test's to tell
        return error
    print(outcome.table())
    return outcome


@pytest.mark.timeout(1800)
def test_a_campaign_is_played_to_its_end_and_all_equals_an_own_recount(played: Outcome | Exception) -> None:
    """Ten kills, three zombies, two broker kills and more, in the midst of hard facts, whatever their order."""
    if isinstance(played, Exception):
        raise played
    assert played.verdict.wrong == {}, f"seed {SEED}\n{played.table()}"
    assert played.times(programme.KILLS) >= 10 and played.times(programme.BROKER_KILLS) >= 2
    assert len(played.zombies) >= 3
    assert played.verdict.facts["accepted"] > 10_000


@pytest.mark.timeout(1800)
def test_no_row_is_wrong_whatever_is_killed_or_frozen(played: Outcome | Exception) -> None:
    """Apart from the stage, which a busy machine can bring down: a wrong row is no accident, and is not tried again."""
    if not isinstance(played, Exception):
        assert not played.verdict.wrong.keys() - {STAGE}, f"seed {SEED}\n{played.table()}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("mutant", [mutant for mutant, trap in programme.TRAPS.items() if trap.is_short])
def test_a_broken_worker_is_found_out(place: Place, nursery: Nursery, tmp_path: Path, mutant: str) -> None:
    """Each of the engine's precautions taken away gives wrong rows, which the recount names: a campaign can fail."""
    trap = programme.TRAPS[mutant]
    stage = set_stage(*place, mutant, leased=mutant != "no-lease")
    campaign = Campaign(
        stage,
        nursery,
        tmp_path,
        SEED,
        list(trap.kinds),
        rate=programme.TRAP_RATE,
        mutant=mutant,
        slow_seeks=trap.slow_seeks,
        corrected=trap.corrected,
    )
    outcome = campaign.play(pause_s=(0.5, 1.0))
    print(outcome.table())
    found = outcome.verdict.wrong.keys() & set(trap.by)
    assert found, f"seed {SEED}: {mutant} went unnoticed\n{outcome.table()}"
