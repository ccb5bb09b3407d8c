"""`make faults`: one campaign, sized and seeded from the command line."""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from streams.errors import UserError
from tests.faults import programme
from tests.faults.campaign import Campaign, Outcome
from tests.faults.crew import SLOW_SEEKS
from tests.faults.mutants import MUTANTS
from tests.faults.stage import Stage, made_stack, set_stage

FULL_FACTS, FULL_MINUTES = 340_000, 12.0
SLOWEST, FASTEST = 300.0, 2500.0
EXAMPLE = "Example: make faults SEED=7 MINUTES=5, or make faults MUTANT=no-lease"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make faults", description="Kill and freeze the parts of a working pipeline, and recount.", epilog=EXAMPLE
    )
    parser.add_argument("--seed", type=int, default=None, help="draws facts and faults; printed at the start")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--minutes", type=float, help=f"about how long faults land (default {FULL_MINUTES:.0f})")
    size.add_argument("--facts", type=int, help=f"about how many facts (default {FULL_FACTS})")
    parser.add_argument("--workers", type=int, default=2, choices=(2, 3, 4), help="workers from the beginning")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a broken worker, which must be found out")
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1, help="brokers; three hold each record thrice")
    return parser.parse_args()


def main() -> int:
    """0: nothing wrong, or the mutant was found out; 1: wrong rows, or it survived."""
    # Told to end, it ends as after Ctrl-C: nothing stays mounted or running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    given = _arguments()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}" + (f", mutant {given.mutant}" if given.mutant else ""), flush=True)
    folder = Path(tempfile.mkdtemp(prefix="dialpulse-faults-"))
    try:
        with made_stack(folder / "stack", given.nodes) as (stack, room):
            leased = given.mutant != "no-lease"
            stage = set_stage(stack, room, f"faults{seed}", nodes=given.nodes, leased=leased)
            outcome = _play(stage, folder, seed, given)
    except UserError as error:
        print(f"make faults: {error}", file=sys.stderr)
        return error.exit_code
    print(outcome.table())
    wrong = outcome.verdict.wrong_rows
    if wrong and not given.mutant:
        print(f"logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return _told(given.mutant, outcome) if given.mutant else int(wrong > 0)


def _play(stage: Stage, folder: Path, seed: int, given: argparse.Namespace) -> Outcome:
    if given.mutant:
        trap = programme.TRAPS[given.mutant]
        kinds, slow_seeks = list(trap.kinds), trap.slow_seeks
        rate, least = programme.ZOMBIE_RATE, 0
    else:
        share = given.facts / FULL_FACTS if given.facts else (given.minutes or FULL_MINUTES) / FULL_MINUTES
        kinds = programme.drawn(programme.FULL if given.nodes == 1 else programme.CLUSTER, seed, share)
        least = int(share * FULL_FACTS)
        rate = min(FASTEST, max(SLOWEST, FULL_FACTS / (FULL_MINUTES * 60)))
        slow_seeks = SLOW_SEEKS
    campaign = Campaign(
        stage,
        folder / "run",
        seed,
        kinds,
        rate=rate,
        workers=given.workers,
        mutant=given.mutant,
        slow_seeks=slow_seeks,
        say=lambda words: print(words, flush=True),
    )
    return campaign.play(least_facts=least)


def _told(mutant: str, outcome: Outcome) -> int:
    caught = {what: lines for what, lines in outcome.verdict.wrong.items() if what != "the campaign"}
    if not caught:
        print(f"{mutant} SURVIVED: nothing was found wrong")
        return 1
    print(f"{mutant} was found out by: " + ", ".join(f"{what} ({len(lines)})" for what, lines in caught.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
