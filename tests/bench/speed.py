"""Facts per CPU-second: every contender on the same facts, one after another, round after round."""

from collections import defaultdict
from collections.abc import Sequence

from tests.bench.measured import Contender, Run
from tests.bench.recount import recount
from tests.bench.stage import Stage


def race(stage: Stage, contenders: Sequence[Contender], rounds: int) -> dict[str, list[Run]]:
    """Every contender's runs; each result was right, or this raises."""
    stage.say("recounting")
    counted = recount(stage)
    stage.say(f"{counted.facts:,} facts of {counted.calls:,} calls on {len(counted.pages):,} pages")
    runs = defaultdict[str, list[Run]](list)
    for number in range(1, rounds + 1):
        for one in contenders:
            done = one.run(stage, counted)
            runs[one.name].append(done)
            stage.say(
                f"round {number}, {one.name}: {done.rate:,.0f} facts per CPU-second "
                f"({done.cpu_s:.2f} CPU-s, {done.wall_s:.1f} s), {done.peak_mib:,.0f} MiB"
            )
    return dict(runs)
