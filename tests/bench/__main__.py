"""`make bench`: fills a Kafka, lets every contender take the facts, and writes down what it took them."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from streams.errors import UserError
from tests.arguments import at_least, some_of
from tests.bench import contenders, report, sections
from tests.bench.filling import stage_for
from tests.bench.sections import Order
from tests.bench.workload import Floor

EXAMPLES = """examples:
  make bench
  make bench FACTS=8000000 ARGS="--only reference,ours,kafka-streams-expert"
  make bench ARGS="--only reference,ours --rounds 5"
  make bench ARGS="--measure latency,recovery"
"""


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    floor = Floor()
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Measure this pipeline and its peers on the same facts, on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = {one.name: one for one in contenders.ALL}
    names = ",".join(known)
    parser.add_argument("--only", type=some_of(known), default=contenders.ALL, metavar="NAMES", help=f"some of {names}")
    parser.add_argument(
        "--facts", type=at_least(1), default=floor.facts, help=f"how many facts (default {floor.facts})"
    )
    parser.add_argument("--operators", type=at_least(1), default=floor.operators, help=f"default {floor.operators}")
    parser.add_argument(
        "--hours", type=at_least(1), default=floor.hours, help=f"hours of calls (default {floor.hours})"
    )
    parser.add_argument("--rounds", type=at_least(1), default=2, help="how often each runs (default 2)")
    parser.add_argument(
        "--measure",
        type=some_of({name: name for name in sections.ALL}),
        metavar="NAMES",
        help=f"some of {','.join(sections.ALL)} (default all, or speed with --only)",
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is, as --only does")
    parser.add_argument("--folder", type=Path, help="keep Kafka's data there, and use a fill that is there again")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """0: measured, and every result was right; 1: something was wrong, in one line."""
    # Told to end, it ends as after Ctrl-C: no server stays.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    given = _arguments(words)
    order = Order(Floor(given.facts, given.operators, given.hours), given.only, given.rounds, not given.no_write)
    chosen = given.measure or (list(sections.ALL) if order.is_whole else ["speed"])
    command = _command(sys.argv[1:] if words is None else words)
    try:
        for name in chosen:
            with stage_for(given.folder, _say) as stage:
                for text in sections.ALL[name](stage, order):
                    if order.is_written:
                        report.write(name, text, command)
    except UserError as error:
        print(f"make bench: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _command(words: Sequence[str]) -> str:
    """What to type for the same again; the folder, which is this machine's, is left out."""
    kept = [word for before, word in zip(["", *words], words, strict=False) if "--folder" not in (before, word)]
    return "make bench" + (f' ARGS="{" ".join(kept)}"' if kept else "")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
