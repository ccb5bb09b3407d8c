"""``python -m tests.trial``: simulated weeks through the rules and their rivals, and a table over team size.

example: python -m tests.trial --teams 10 --sizes 60,300,600 --seed 4
"""

import argparse
import random
import signal
import sys
import tempfile
from pathlib import Path

from tests.arguments import at_least, some_of
from tests.tools import find_unpacked
from tests.trial import causes, curve, measuring, replaying, sizes

_BATCH = 25
"""Teams of each size that one Prometheus holds at a time."""
_IDEAL_TEAMS = 150
"""Teams that the ideal tests see at least: they take little time."""


def main() -> int:
    """Runs the trial; exit 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--teams", type=at_least(0), default=10, help="teams of each size; 0: none")
    known = {str(size): size for size in measuring.LIMIT_MINUTES}
    parser.add_argument("--sizes", type=some_of(known), default=[*known.values()], help=f"some of {','.join(known)}")
    parser.add_argument("--alone", action="store_true", help="without the rivals, which take two thirds of the time")
    parser.add_argument(
        "--floors", type=at_least(0), default=9, help="floors of three teams and campaigns, five drops each"
    )
    parser.add_argument("--curve", type=Path, help="where to draw the curve over team size (SVG)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    # A Prometheus is not left behind by a trial that is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    find_unpacked()
    scores = sizes.no_scores()
    for begin in range(0, chosen.teams, _BATCH):
        numbers = range(begin, min(begin + _BATCH, chosen.teams))
        teams = [sizes.some_team(f"t{size}-{number:03}", size, rng) for size in chosen.sizes for number in numbers]
        with tempfile.TemporaryDirectory() as folder, replaying.receiving(Path(folder)) as address:
            sizes.replay(address, teams, rng, scores, _tell, with_rivals=not chosen.alone)
        _tell(sizes.table(scores))
    if chosen.teams:
        sizes.ideals(chosen.sizes, max(chosen.teams, _IDEAL_TEAMS), rng, scores)
        print(sizes.table(scores), flush=True)
        if chosen.curve:
            chosen.curve.write_text(curve.drawn(scores))
    if chosen.floors:
        print(causes.table(causes.measured(chosen.floors, sizes.TESTED, rng, _tell)))
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
