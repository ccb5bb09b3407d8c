"""The reconciliation: facts recounted up to an end that the worker has passed, and everything published beside it."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from processors.hours import Clocks
from processors.records import Meaning
from processors.rules import rule_named
from processors.times import SECOND_US, format_time
from schemas.facts import FACT_TYPES
from schemas.kpis import KPI_TYPES
from streams.errors import UserError
from streams.recount.commits import Commits, Tell
from streams.recount.comparing import ABSENT, Finding
from streams.recount.counting import FactCount
from streams.recount.expected import Records
from streams.recount.hours import Whole
from streams.recount.logs import Logs, Offsets, Run
from streams.recount.published import Published
from streams.recount.redis_keys import REDIS, RedisKeys
from streams.recount.rejected import Rejected
from streams.recount.report import Difference, Report
from streams.recount.settling import Round, Settling
from streams.settings import Settings
from streams.topology import CONTRIBUTIONS, REJECTED
from streams.worker.definition import read_definitions

PAUSE_S = 0.5
TELL_EVERY = 50_000


def _silent(line: str) -> None:
    """Progress that nobody asked for."""


def reconcile(
    settings: Settings,
    *,
    tell: Tell = _silent,
    patience_s: float = 60.0,
    look_again_s: float = 5.0,
    within_s: float = 30.0,
) -> Report:
    """Recounts everything from the fact topics and compares it with everything published.

    ``tell`` hears of progress. ``patience_s``: how long the worker's lag may stand still. A difference is reported
    once it has lasted ``look_again_s``, since Redis may lag a moment and facts may come meanwhile; what keeps changing
    is given up after ``within_s``. Seconds.

    Raises UserError where Kafka, Redis or a topic is missing, where settings differ from those the records were
    written under, and where the worker does not get on.
    """
    began = time.monotonic()
    with Reconciliation(settings, tell, patience_s) as run:
        _insist_on_meaning(settings)
        settling = Settling(look_again_s, within_s)
        while not settling.is_over(run.round(), time.monotonic()):
            time.sleep(PAUSE_S)
        return run.report(settling, time.monotonic() - began)


class Reconciliation:
    """One recount, carried further from round to round."""

    def __init__(self, settings: Settings, tell: Tell, patience_s: float) -> None:
        self._tell = tell
        clocks = Clocks(settings.time_zone, settings.site_time_zones)
        rule = rule_named(settings.conversation_rule)
        with ExitStack() as stack:
            self._facts_log = stack.enter_context(Logs(settings, FACT_TYPES))
            self._insist_on_partitions(settings)
            self._contributions = stack.enter_context(Logs(settings, [CONTRIBUTIONS]))
            self._outputs = stack.enter_context(Logs(settings, [*KPI_TYPES, REJECTED]))
            self._commits = stack.enter_context(Commits(settings, patience_s, tell))
            self._redis = stack.enter_context(RedisKeys(settings))
            self._open = stack.pop_all()
        self.facts = FactCount(clocks, settings.partitions)
        self.records = Records(clocks, rule, Meaning(settings.generation, settings.conversation_rule))
        self.published = Published()
        self.rejected = Rejected(self._outputs.starts)
        self.whole = Whole()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._open.close()

    def _insist_on_partitions(self, settings: Settings) -> None:
        for topic in FACT_TYPES:
            count = sum(place.topic == topic for place in self._facts_log.places)
            if count != settings.partitions:
                raise UserError(
                    f"DIALPULSE_PARTITIONS={settings.partitions}, and {settings.topic(topic)} has {count} partitions: "
                    "set the number that the topics were made with"
                )

    def round(self) -> Round:
        """Recounts up to the present ends of the fact topics, once the worker has passed them, and compares."""
        ends = self._facts_log.ends()
        self._commits.wait(self._facts_log.starts, ends)
        self._commits.wait(self._contributions.starts, self._contributions.ends())
        self._read("facts", self._facts_log, ends, self.facts.take)
        self.records.settle(self.facts)
        self._read("records", self._outputs, self._outputs.ends(), self._take_output)
        now_us = int(time.time() * SECOND_US)
        self._redis.read()
        starts = self._facts_log.starts
        self.whole = Whole(self.facts.whole_from_us(starts, now_us))
        findings = [
            *self.published.findings(self.records, self.whole),
            *self._redis.findings(self.records, self.whole, now_us),
            *self.rejected.findings(self.facts, self.whole, starts, ends),
            *self._lost_copies(),
        ]
        return Round(findings, self.published.entries() | self._redis.entries())

    def _read(self, what: str, logs: Logs, ends: Offsets, take: Callable[[Run], None]) -> None:
        done = told = 0
        for run in logs.read(ends):
            take(run)
            done += len(run.records)
            if done - told >= TELL_EVERY:
                told = done
                self._tell(f"{done:,} {what} read")

    def _take_output(self, run: Run) -> None:
        if run.place.topic == REJECTED:
            self.rejected.take(run)
        else:
            self.published.take(run)

    def _lost_copies(self) -> list[Finding]:
        lost = [entry for entry in self.facts.lost() if self.whole.holds(entry[1].hour_us)]
        return [
            Finding(Difference(source.topic, str(source), f"the copy under {fact.owner}", ABSENT, "one"), is_ahead=True)
            for source, fact in lost
        ]

    def _compared(self, settling: Settling) -> dict[str, int]:
        moving = Counter(place for place, _ in settling.moving)
        return {topic: count - moving[topic] for topic, count in self.published.compared(self.whole).items()}

    def report(self, settling: Settling, seconds: float) -> Report:
        """All that was read and compared, and what the rounds came to."""
        whole, facts = self.whole, self.facts
        pages = [key for key in facts.pages if whole.holds(key[1])]
        hours = {format_time(hour_us) for _, hour_us in facts.pages} | self.published.hours()
        return Report(
            facts=facts.results,
            pages=len(pages),
            hours=len({hour_us for _, hour_us in pages}),
            recounted_from=None if whole.from_us is None else format_time(whole.from_us),
            not_recounted=sorted(hour for hour in hours if not whole.holds_name(hour)),
            compared=self._compared(settling),
            redis_keys=len(self._redis.snapshots) - sum(place == REDIS for place, _ in settling.moving),
            redis_hours=len(self._redis.owners),
            rejections=len(facts.rejections),
            shared_ids=facts.shared_ids(),
            moving=[" ".join(entry) for entry in settling.moving],
            differences=settling.differences,
            seconds=seconds,
        )


def _insist_on_meaning(settings: Settings) -> None:
    """Records written under other settings would all differ; that is said in one line, not in thousands."""
    written = read_definitions(settings)
    standing = written.get(settings.generation)
    if standing is None:
        if written:
            newest = max(written)
            raise UserError(f"DIALPULSE_GENERATION={settings.generation} has no records: generation {newest} stands")
        return
    for name in ("conversation_rule", "time_zone", "partitions"):
        mine, theirs = getattr(settings, name), getattr(standing, name)
        if mine != theirs:
            raise UserError(
                f"DIALPULSE_{name.upper()}={mine} differs from {theirs}, under which generation {settings.generation} "
                "was written: set that one"
            )
