"""What every peer leaves behind: a KPI record per page, the last of which must be the recount's."""

import msgspec

from tests.bench.recount import Recount
from tests.bench.stage import Reader, Stage


class _Kpi(msgspec.Struct):
    calls: int
    answered: int
    conversations: int
    talk_ms: int


def insist_on_kpis(stage: Stage, counted: Recount, topic: str, who: str) -> None:
    """UserError where the last record of any page is not the recount's."""
    decode = msgspec.json.Decoder(_Kpi).decode
    kpis = {key: decode(value) for key, value in last_values(stage, topic).items()}
    found = {key: (kpi.calls, kpi.answered, kpi.conversations, kpi.talk_ms) for key, kpi in kpis.items()}
    counted.insist(who, found)


def last_values(stage: Stage, topic: str) -> dict[str, bytes]:
    """Of each key the last value."""
    found: dict[str, bytes] = {}
    with Reader(stage.kafka, "bench-check") as reader:
        for number in range(stage.settings.partitions):
            for message in reader.partition(topic, number):
                found[message.key().decode()] = message.value()
    return found
