"""One campaign: facts pour, faults land, everything is awaited and compared (`python -m tests.faults --help`)."""

import json
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

from kafka import KafkaAdminClient
from redis import Redis
from redis.exceptions import RedisError

from streams.ports import any_free
from tests.faults.control import Control
from tests.faults.crew import SLOW_SEEKS, Crew
from tests.faults.faults import Faults, Zombie
from tests.faults.hard_facts import CORRECTED, HardFacts
from tests.faults.nursery import Nursery
from tests.faults.oracle_records import Moment
from tests.faults.pouring import Pouring
from tests.faults.programme import BROKER_KILLS, KILLS, PLANNED
from tests.faults.stage import FINAL_GRACE_S, PARTITIONS, Stage
from tests.faults.verdict import Examination, Verdict
from tests.faults.watching import Watcher
from tests.workers import changed_variables

Say = Callable[[str], None]
READY_WITHIN_S = 300.0
SETTLED_WITHIN_S = 600.0
AT_REST_S = 3.0
CLOCKS_OFF_S = 45.0
REDIS_WITHIN_S = 90.0
BROKEN_REDIS_WITHIN_S = 5.0
RESTORED_WITHIN_S = 300.0
FEW_ZOMBIES = 3
"""With fewer of them, chance may have it that nothing was compacted while they slept."""

STAGE = "the campaign"
"""What is to blame where a campaign could not be played as it should, whatever the rows are."""


@dataclass
class Outcome:
    """What a campaign did and found. ``ready``: seconds from each fault to all partitions served, by kind."""

    seed: int
    ready: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    facts: int = 0
    starts: int = 0
    zombies: list[Zombie] = field(default_factory=list)
    cleaned: int = 0
    """Records of KPI topics that Kafka's cleaner had passed over at the end."""
    broken_coordinators: int = 0
    """How often a broker that came back had a broken group coordinator, and had to be started again."""
    verdict: Verdict = field(default_factory=Verdict)

    def times(self, kinds: tuple[str, ...]) -> int:
        """How many faults of these kinds landed."""
        return sum(len(self.ready.get(kind, ())) for kind in kinds)

    def table(self) -> str:
        """The report."""
        rows = [f"{'fault':<24}{'times':>6}{'to ready: median':>18}{'worst':>8}"]
        everything = [one for took in self.ready.values() for one in took]
        for kind, took in [*sorted(self.ready.items()), ("all", everything)]:
            if took:
                rows.append(f"{kind:<24}{len(took):>6}{median(took):>16.1f} s{max(took):>6.1f} s")
        rows.append(self._totals())
        told = self.verdict.facts
        rows.append(f"facts produced {self.facts}; read: " + ", ".join(f"{told[name]} {name}" for name in sorted(told)))
        rows.append("rows compared: " + ", ".join(f"{count} {what}" for what, count in self.verdict.compared.items()))
        for what, lines in self.verdict.wrong.items():
            rows.append(f"WRONG {what}: {len(lines)}")
            rows += [f"    {line}" for line in lines[:4]]
        rows.append(f"wrong rows {self.verdict.wrong_rows}; seed {self.seed}")
        return "\n".join(rows)

    def _totals(self) -> str:
        asleep = sum(zombie.compacted for zombie in self.zombies)
        since = self.cleaned - self.zombies[0].cleaned if self.zombies and self.cleaned else 0
        return (
            f"kill -9 {self.times(KILLS)}, planned rebalances {self.times(PLANNED)}, "
            f"broker kills {self.times(BROKER_KILLS)}, zombies {len(self.zombies)} "
            f"({sum(zombie.past_session for zombie in self.zombies)} past their session)\n"
            f"worker starts {self.starts}; compaction passed over {asleep} records while zombies slept, {since} since "
            f"the first woke, and took {self.verdict.compacted_away}; brokers started again, their group coordinator "
            f"being broken, {self.broken_coordinators}"
        )


class Campaign:
    """Plays one campaign on a stage. ``kinds``: the faults in their order; ``rate``: facts a second."""

    def __init__(
        self,
        stage: Stage,
        nursery: Nursery,
        folder: Path,
        seed: int,
        kinds: list[str],
        *,
        rate: float,
        workers: int = 2,
        mutant: str | None = None,
        slow_seeks: float = SLOW_SEEKS,
        corrected: float = CORRECTED,
        say: Say = print,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._stage = stage
        self._nursery = nursery
        self._folder = folder
        self._kinds = kinds
        self._workers = workers
        self._slow_seeks = slow_seeks
        self._mutant = mutant
        self._say = say
        self._began = time.monotonic()
        self._crew = Crew(nursery, stage.settings, folder, mutant, seed)
        facts = HardFacts(seed, PARTITIONS, corrected)
        self._pouring = Pouring(stage.settings.kafka, stage.settings.topic, facts, rate)
        self._faults = Faults(stage, self._crew, Random(seed), self._pouring.finish)
        self._watcher = Watcher(stage.settings.redis_url, stage.settings.prefix)
        self.outcome = Outcome(seed)

    def _tell(self, words: str) -> None:
        self._say(f"{time.monotonic() - self._began:7.1f} s  {words}")

    def play(self, pause_s: tuple[float, float] = (1.0, 4.0), least_facts: int = 0) -> Outcome:
        """Plays to the end; whatever keeps it from being compared is a wrong row of its own."""
        try:
            self._pour_and_break(pause_s, least_facts)
            self._come_to_rest()
            self._examine()
        except (TimeoutError, AssertionError) as failure:
            self.outcome.verdict.blame(STAGE, f"{type(failure).__name__}: {failure}; {self._states()}")
        finally:
            self.outcome.zombies = self._faults.zombies
            self._watcher.stop()
            self._crew.end()
        return self.outcome

    def _pour_and_break(self, pause_s: tuple[float, float], least_facts: int) -> None:
        self._crew.start([f"w{number}" for number in range(1, self._workers + 1)], self._slow_seeks)
        self._watcher.start()
        self._pouring.start()
        self._await_service()
        for kind in self._kinds:
            while kind.startswith("wakes") and self._pouring.delivered < least_facts:
                time.sleep(0.5)
            time.sleep(self._faults.dice.uniform(*pause_s))
            self._await_progress()
            if kind == "Redis emptied":
                self._watcher.forget()
            before = time.monotonic()
            self._faults.kinds[kind]()
            lasted = time.monotonic() - before
            if not kind.startswith("wakes"):
                self._await_progress()
            self._await_service()
            if kind.startswith("Redis"):
                self._await_beats(datetime.now(UTC))
            took = time.monotonic() - before
            self.outcome.ready[kind].append(took)
            self._tell(
                f"{kind}: lasted {lasted:.1f} s, ready after {took:.1f} s; {self._pouring.delivered} facts so far"
            )
        self.outcome.facts = self._pouring.finish()

    def _await_progress(self) -> None:
        """Something more is committed than when this began."""
        before, give_up = None, time.monotonic() + READY_WITHIN_S
        while time.monotonic() < give_up:
            now = self._stage.progress()
            if now is not None and before is not None and now > before:
                return
            before = now if before is None else before
            self._mend_coordinator()
            time.sleep(0.2)
        raise TimeoutError(f"nothing more was committed within {READY_WITHIN_S:.0f} s")

    def _await_service(self) -> None:
        """Every partition is served by a worker that is ready."""
        give_up = time.monotonic() + READY_WITHIN_S
        while self._crew.served() < PARTITIONS:
            if time.monotonic() > give_up:
                raise TimeoutError(f"not all partitions were served within {READY_WITHIN_S:.0f} s")
            self._mend_coordinator()
            time.sleep(0.1)

    def _mend_coordinator(self) -> None:
        """What whoever runs Kafka would have to do: the broker may have come back with a coordinator that is broken."""
        if self._stage.restart_broken_coordinator():
            self.outcome.broken_coordinators += 1
            self._tell("Kafka's group coordinator has broken down by itself; starting the broker again")

    def _await_beats(self, since: datetime) -> None:
        """Redis has a sign of life of every partition, younger than this."""
        root = f"{self._stage.settings.prefix}dialpulse:v1:heartbeat:"
        give_up, young = time.monotonic() + READY_WITHIN_S, 0
        while young < PARTITIONS:
            if time.monotonic() > give_up:
                raise TimeoutError(f"Redis had signs of life of {young} partitions after {READY_WITHIN_S:.0f} s")
            time.sleep(0.1)
            with suppress(RedisError):
                beats = Redis.from_url(self._stage.settings.redis_url, socket_timeout=2).mget(
                    [f"{root}{number}" for number in range(PARTITIONS)]
                )
                young = sum(1 for beat in beats if beat and datetime.fromisoformat(json.loads(beat)["at"]) > since)

    def _states(self) -> str:
        hands = self._crew.hands.values()
        return ", ".join(f"{hand.name}: {hand.says()} (exits {hand.exits[-5:]})" for hand in hands)

    def _come_to_rest(self) -> None:
        """All is committed, and stays so for a while."""
        give_up, since = time.monotonic() + SETTLED_WITHIN_S, None
        while since is None or time.monotonic() - since < AT_REST_S:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self._stage.lag()} records were not committed within {SETTLED_WITHIN_S:.0f} s")
            time.sleep(0.3)
            lag = self._stage.lag()
            if lag != 0:
                since = None
            elif since is None:
                since = time.monotonic()
        self._tell("at rest")

    def _examine(self) -> None:
        examination = Examination(self._stage, Moment(time.time(), FINAL_GRACE_S, CLOCKS_OFF_S))
        verdict = self.outcome.verdict = examination.verdict
        examination.read_facts()
        examination.examine_topics()
        # Redis may be a moment behind Kafka; what is broken may never come right.
        give_up = time.monotonic() + (BROKEN_REDIS_WITHIN_S if self._mutant else REDIS_WITHIN_S)
        while (unlike := examination.unlike_redis()) and time.monotonic() < give_up:
            time.sleep(1)
        for line in unlike:
            verdict.blame("Redis", line)
        for line in self._watcher.falls:
            verdict.blame("Redis, as a reader saw it", line)
        self._stop(verdict)
        self._judge_compaction(verdict)
        examination.examine_rejected()
        examination.examine_commits()
        examination.examine_remains(*self._remains())
        examination.examine_restored(self._restored())

    def _stop(self, verdict: Verdict) -> None:
        for name, code in self._crew.stop().items():
            if code != 0:
                verdict.blame("stopping", f"{name} ended with {code}")
        lost = len(self.outcome.ready.get("a fetched batch lost", ()))
        holes = self._crew.stumbles("HoleError")
        for line in holes[lost:] + self._crew.stumbles("begins again", "RestoreError"):
            verdict.blame("deliveries", line)
        self.outcome.starts = sum(hand.starts for hand in self._crew.hands.values())

    def _judge_compaction(self, verdict: Verdict) -> None:
        """A campaign in which nothing was compacted has not shown that compaction keeps the right records."""
        zombies, cleaned = self._faults.zombies, self._stage.cleaned()
        self.outcome.cleaned = cleaned
        if len(zombies) > FEW_ZOMBIES and not any(zombie.compacted for zombie in zombies):
            verdict.blame(STAGE, "Kafka compacted nothing while workers were frozen")

    def _remains(self) -> tuple[set[str], set[str]]:
        """All topics and groups that Kafka has."""
        admin = KafkaAdminClient(**self._stage.settings.kafka_python())
        try:
            return set(admin.list_topics()), {str(group["group_id"]) for group in admin.list_groups()}
        finally:
            admin.close()

    def _restored(self) -> dict[str, dict[str, object]]:
        """What a fresh worker finds in the changelogs."""
        dump, control = self._folder / "restored.json", self._folder / "fresh.control"
        Control(control)
        options = ["--control", str(control), "--dump", str(dump)]
        options += ["--mutant", self._mutant] if self._mutant else []
        own = {"DIALPULSE_INSTANCE_ID": "fresh", "DIALPULSE_WORKER_HTTP": f"127.0.0.1:{any_free('127.0.0.1')}"}
        fresh = self._nursery.start(options, changed_variables(self._stage.settings) | own, self._folder / "fresh.log")
        code = fresh.wait(RESTORED_WITHIN_S)
        fresh.send(signal.SIGKILL)
        assert code == 0 and dump.exists(), f"a fresh worker ended with {code}"
        held: dict[str, dict[str, object]] = json.loads(dump.read_text())
        return held
