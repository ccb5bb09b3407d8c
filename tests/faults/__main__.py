"""`make faults`: one campaign, sized and seeded from the command line."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.errors import UserError
from streams.local.folders import is_alive
from tests.arguments import at_least
from tests.faults import programme
from tests.faults.campaign import Campaign, Outcome
from tests.faults.crew import SLOW_SEEKS
from tests.faults.hard_facts import CORRECTED
from tests.faults.mutants import MUTANTS
from tests.faults.nursery import Nursery
from tests.faults.stage import Stage, made_stack, set_stage, unmount

FULL_FACTS, FULL_MINUTES = 340_000, 12.0
RATE = FULL_FACTS / (FULL_MINUTES * 60)
FOLDER = "dialpulse-faults-"
INTERRUPTED = 130
EXAMPLE = "Example: make faults SEED=7 MINUTES=5, or make faults MUTANT=no-lease"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make faults", description="Kill and freeze the parts of a working pipeline, and recount.", epilog=EXAMPLE
    )
    parser.add_argument("--seed", type=int, default=None, help="draws facts and faults; printed at the start")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--minutes", type=at_least(0.1), help=f"about how long faults land (default {FULL_MINUTES:.0f})")
    size.add_argument("--facts", type=at_least(1), help=f"at least how many facts (default {FULL_FACTS})")
    parser.add_argument("--workers", type=int, default=2, choices=(2, 3, 4), help="workers from the beginning")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a broken worker, which must be found out")
    parser.add_argument("--sound", action="store_true", help="play the mutant's faults on the worker as it is")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="brokers; three hold each record thrice")
    given = parser.parse_args()
    if given.sound and not given.mutant:
        parser.error("--sound goes with --mutant, whose faults it plays")
    return given


def main() -> int:
    """0: nothing wrong, or the mutant was found out; 1: wrong rows, or it survived."""
    # Told to end, it ends as after Ctrl-C: nothing stays mounted or running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    given = _arguments()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}" + (f", mutant {given.mutant}" if given.mutant else ""), flush=True)
    try:
        with _folder() as folder:
            outcome = _played(folder, seed, given)
            print(outcome.table())
            wrong = outcome.verdict.wrong_rows
            if wrong and not _is_broken(given):
                print(f"logs, and every wrong row, are in {_evidence(folder, outcome)}")
            return _told(given.mutant, outcome) if _is_broken(given) else int(wrong > 0)
    except UserError as error:
        print(f"make faults: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"make faults: interrupted, seed {seed}", file=sys.stderr)
        return INTERRUPTED


def _is_broken(given: argparse.Namespace) -> bool:
    return bool(given.mutant) and not given.sound


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that goes whatever happens; those of campaigns that were killed go first."""
    for left in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        owner = left.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdigit() and not is_alive(int(owner)):
            unmount(left / "stack" / "kafka")
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _evidence(folder: Path, outcome: Outcome) -> Path:
    kept = Path(tempfile.mkdtemp(prefix="dialpulse-wrong-rows-"))
    shutil.copytree(folder / "run", kept, dirs_exist_ok=True)
    lines = [f"{what}: {line}\n" for what, many in outcome.verdict.wrong.items() for line in many]
    (kept / "wrong-rows.txt").write_text(f"{outcome.table()}\n\n{''.join(lines)}")
    return kept


def _played(folder: Path, seed: int, given: argparse.Namespace) -> Outcome:
    with Nursery() as nursery, made_stack(folder / "stack", given.nodes) as (stack, room):
        leased = given.mutant != "no-lease" or given.sound
        stage = set_stage(stack, room, f"faults{seed}", nodes=given.nodes, leased=leased)
        return _play(stage, nursery, folder, seed, given)


def _play(stage: Stage, nursery: Nursery, folder: Path, seed: int, given: argparse.Namespace) -> Outcome:
    rate, least, slow_seeks, corrected = RATE, 0, SLOW_SEEKS, CORRECTED
    if given.mutant:
        trap = programme.TRAPS[given.mutant]
        kinds, slow_seeks, corrected, rate = list(trap.kinds), trap.slow_seeks, trap.corrected, programme.TRAP_RATE
    else:
        share = given.facts / FULL_FACTS if given.facts else (given.minutes or FULL_MINUTES) / FULL_MINUTES
        kinds = programme.drawn(programme.FULL if given.nodes == 1 else programme.CLUSTER, seed, share)
        least = int(share * FULL_FACTS)
    campaign = Campaign(
        stage,
        nursery,
        folder / "run",
        seed,
        kinds,
        rate=rate,
        workers=given.workers,
        mutant=given.mutant if _is_broken(given) else None,
        slow_seeks=slow_seeks,
        corrected=corrected,
        say=lambda words: print(words, flush=True),
    )
    return campaign.play(least_facts=least)


def _told(mutant: str, outcome: Outcome) -> int:
    wrong = outcome.verdict.wrong
    found = [f"{what} ({len(wrong[what])})" for what in programme.TRAPS[mutant].by if what in wrong]
    if not found:
        print(f"{mutant} SURVIVED: nothing was wrong where it must show")
        return 1
    print(f"{mutant} was found out by: {', '.join(found)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
