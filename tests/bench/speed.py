"""Facts per CPU-second: every contender on the same facts, one after another, round after round."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.bench.measured import Contender, Run
from tests.bench.recount import Recount, recount
from tests.bench.stage import Stage
from tests.bench.workload import Floor, last_full_hour

Runs = dict[str, list[Run]]


def race(stage: Stage, floor: Floor, contenders: Sequence[Contender], rounds: int) -> Iterator[Runs]:
    """Every contender's runs so far, after each of them; each result was right, or this raises."""
    counted = _recounted(stage)
    runs = defaultdict[str, list[Run]](list)
    for number in range(1, rounds + 1):
        for one in contenders:
            done = _run(stage, floor, one, counted)
            runs[one.name].append(done)
            stage.say(
                f"round {number}, {one.name}: {done.rate:,.0f} facts per CPU-second "
                f"({done.cpu_s:.2f} CPU-s, {done.wall_s:.1f} s), {done.peak_mib:,.0f} MiB"
            )
            yield dict(runs)


def _run(stage: Stage, floor: Floor, one: Contender, counted: Recount) -> Run:
    if one.most is None or one.most >= counted.facts:
        return one.run(stage, counted)
    with stage.smaller(replace(floor, facts=one.most, end_s=last_full_hour())):
        return one.run(stage, _recounted(stage))


def _recounted(stage: Stage) -> Recount:
    stage.say("recounting")
    counted = recount(stage)
    stage.say(f"{counted.facts:,} facts of {counted.calls:,} calls on {len(counted.pages):,} pages")
    return counted
