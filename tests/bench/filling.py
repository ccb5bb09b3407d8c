"""A stack whose topic of calls is filled: made for one run, or kept in a folder and used again."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from streams.local import LocalStack
from tests.bench.stage import NOTE, Say, Stage
from tests.bench.workload import HOUR_S, Floor, last_full_hour

FRESH_S = 24 * HOUR_S
"""Facts of a kept folder serve so long; after 72 hours they would be too late, were they to come now."""


@contextmanager
def stage_for(folder: Path | None, say: Say) -> Iterator[Stage]:
    """A running stack in the folder, which stays, or in one of its own, which goes."""
    if folder is not None:
        with LocalStack(folder, usual_ports=False, progress=say) as stack:
            yield Stage(stack, say)
        return
    with (
        tempfile.TemporaryDirectory(prefix="dialpulse-bench-", ignore_cleanup_errors=True) as made,
        LocalStack(Path(made), usual_ports=False, progress=say) as stack,
    ):
        yield Stage(stack, say)


def fill(stage: Stage, floor: Floor) -> None:
    """Fills the topic of calls, unless the folder holds these very facts."""
    now = last_full_hour()
    note = Path(stage.stack.folder) / NOTE
    if note.exists():
        kept = Floor(**json.loads(note.read_text()))
        if replace(kept, end_s=0) == floor and now - kept.end_s < FRESH_S:
            stage.say(f"{floor.facts:,} facts are there already")
            return
    dated = replace(floor, end_s=now)
    stage.fill(dated)
    note.write_text(json.dumps(asdict(dated)))
