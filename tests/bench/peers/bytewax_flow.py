"""Bytewax as its documentation has it: a page is the state of its key, kept by epochs of half a second.

A program of the peers' own environment. Given: Kafka, topic of calls, topic of KPIs, folder for state. It reads what
there is, says so, and waits for its end.
"""

import functools
import json
import signal
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

CONVERSATION_S = 20
EPOCH = timedelta(seconds=0.5)
Statement = tuple[int, int, int, int]
"""Version; whether answered; whether a conversation; its milliseconds."""


@functools.cache
def begin() -> None:
    """The measuring begins with the first message."""
    print("assigned", flush=True)


def statement(message: KafkaSourceMessage) -> tuple[str, tuple[str, Statement]]:
    """A record as its page's key, and what it says of its call."""
    begin()
    call = json.loads(message.value)
    talk_ms = round(call.get("talk_seconds", 0) * 1000)
    by = call.get("answered_by")
    answered = int(by in ("human", "machine") or "answered_at" in call or talk_ms > 0)
    talked = int(talk_ms >= CONVERSATION_S * 1000 and by != "machine")
    said = (call.get("version", 0), answered, talked, talk_ms if talked else 0)
    return f"{call['operator_id']}|{call['started_at'][:13]}", (call["call_id"], said)


@dataclass
class Page:
    """Each call at its greatest version, and the counts over them."""

    calls: dict[str, Statement] = field(default_factory=dict)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    def accept(self, call_id: str, said: Statement) -> None:
        """Keeps the greater version."""
        before = self.calls.get(call_id)
        if before is not None and said[0] <= before[0]:
            return
        counts = self.counts
        if before is None:
            counts[0] += 1
        else:
            counts[1:] = [old - gone for old, gone in zip(counts[1:], before[1:], strict=True)]
        counts[1:] = [old + new for old, new in zip(counts[1:], said[1:], strict=True)]
        self.calls[call_id] = said


class PageLogic(op.StatefulBatchLogic):
    """The state of one page."""

    def __init__(self, page: Page | None) -> None:
        self.page = page or Page()

    def on_batch(self, values: list[tuple[str, Statement]]) -> tuple[list[list[int]], bool]:
        """Takes what a batch has for this page, and gives its counts once."""
        for call_id, said in values:
            self.page.accept(call_id, said)
        return [list(self.page.counts)], False

    def snapshot(self) -> Page:
        """What is kept for a restart."""
        return Page(dict(self.page.calls), list(self.page.counts))


def record(item: tuple[str, list[int]]) -> KafkaSinkMessage:
    """A page's KPI record."""
    key, counts = item
    names = ("calls", "answered", "conversations", "talk_ms")
    value = json.dumps(dict(zip(names, counts, strict=True))).encode()
    return KafkaSinkMessage(key.encode(), value)


def flow(kafka: str, source: str, kpis: str) -> Dataflow:
    """From calls to KPIs."""
    made = Dataflow("bench")
    more = {"fetch.queue.backoff.ms": "5"}
    reading = KafkaSource([kafka], [source], tail=False, batch_size=10_000, add_config=more)
    calls = op.input("calls", made, reading)
    pages = op.stateful_batch("pages", op.map("statement", calls, statement), PageLogic)
    op.output("kpis", op.map("record", pages, record), KafkaSink([kafka], kpis, add_config={"linger.ms": "50"}))
    return made


def main(kafka: str, source: str, kpis: str, folder: str) -> None:
    """Runs through what there is."""
    kept = Path(folder)
    kept.mkdir(exist_ok=True)
    if not any(kept.iterdir()):
        init_db_dir(kept, 1)
    cli_main(flow(kafka, source, kpis), epoch_interval=EPOCH, recovery_config=RecoveryConfig(str(kept)))
    print("done", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
