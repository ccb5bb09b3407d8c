"""The recount that every result is compared with: it reads the topic itself and shares no code with any contender."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from streams.errors import UserError
from tests.bench.stage import Reader, Stage

Tally = tuple[int, int, int, int]
"""Of one operator and hour: calls, answered ones, conversations, milliseconds talked in those."""
Pages = dict[str, Tally]
"""By ``<operator>|<hour>``, such as ``op-00017|2026-11-28T08``."""
CONVERSATION_S = 20


class Call(msgspec.Struct, gc=False):
    """What the counts go by."""

    call_id: str
    operator_id: str
    started_at: str
    version: int = 0
    answered_at: str | None = None
    answered_by: str | None = None
    talk_seconds: float = 0.0


@dataclass
class Recount:
    """``pages`` counts each call once, at its greatest version; ``repeats`` counts every record, as it came."""

    pages: Pages = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    calls: int = 0

    def insist(self, who: str, found: Mapping[str, object], wanted: Mapping[str, object] | None = None) -> None:
        """UserError where a result is not right to the last page; right is ``pages`` unless another is given."""
        right = self.pages if wanted is None else wanted
        wrong = [f"{key}: {found.get(key)} instead of {one}" for key, one in right.items() if found.get(key) != one]
        wrong += [f"{key} is too much" for key in found.keys() - right.keys()]
        if wrong:
            raise UserError(f"{who} counted wrong on {len(wrong)} of {len(right)} pages: {wrong[0]}", exit_code=1)


def recount(stage: Stage) -> Recount:
    """Counts the topic of calls anew, partition by partition, so that memory stays small."""
    found, decode = Recount(), msgspec.json.Decoder(Call).decode
    with Reader(stage.kafka, "bench-recount") as reader:
        for number in range(stage.settings.partitions):
            newest: dict[str, Call] = {}
            for message in reader.partition(stage.source, number):
                call = decode(message.value())
                key = f"{call.operator_id}|{call.started_at[:13]}"
                found.facts += 1
                found.repeats[key] = found.repeats.get(key, 0) + 1
                before = newest.get(call.call_id)
                if before is None or call.version > before.version:
                    newest[call.call_id] = call
            found.calls += len(newest)
            _count(found.pages, newest)
    return found


def _count(pages: Pages, newest: dict[str, Call]) -> None:
    for call in newest.values():
        key = f"{call.operator_id}|{call.started_at[:13]}"
        calls, answered, talks, talked_ms = pages.get(key, (0, 0, 0, 0))
        person = call.answered_by in ("human", "machine")
        long = call.talk_seconds >= CONVERSATION_S and call.answered_by != "machine"
        pages[key] = (
            calls + 1,
            answered + (person or call.answered_at is not None or call.talk_seconds > 0),
            talks + long,
            talked_ms + (round(call.talk_seconds * 1000) if long else 0),
        )
