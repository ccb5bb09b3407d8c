"""What all peers have in common: topics of their own, a program that can be started again on its state, a result."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from tests.bench.measured import Run
from tests.bench.peers.results import insist_on_kpis
from tests.bench.programs import Program
from tests.bench.recount import Recount
from tests.bench.stage import Stage


class Peer(ABC):
    """One system. ``keeps_pages`` in memory until it is stopped, so that its memory says what a fact takes."""

    keeps_pages = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.group = f"bench-{name}"
        self.kpis = f"{self.group}-kpis"

    def prepare(self, stage: Stage) -> None:
        """No trace of an earlier run: its group forgotten, its KPI topic empty."""
        stage.drop_group(self.group)
        stage.make([self.kpis])

    @abstractmethod
    def started(self, stage: Stage, state: str = "state") -> AbstractContextManager[Program]:
        """Its program, once it has partitions; ``state`` is a folder, in the program's own unless it is absolute."""

    def wait(self, stage: Stage, running: Program, facts: int) -> None:
        """Returns once it has taken so many facts and committed them."""
        running.wait_until_committed(stage, self.group, facts)

    @abstractmethod
    def changelog_bytes(self, stage: Stage, running: Program) -> int:
        """What it has written so as to survive."""

    def run(self, stage: Stage, counted: Recount) -> Run:
        """Takes all facts from nothing."""
        self.prepare(stage)
        with self.started(stage) as running:
            self.wait(stage, running, counted.facts)
            used = running.used()
            written = self.changelog_bytes(stage, running)
        insist_on_kpis(stage, counted, self.kpis, self.name)
        return Run(counted.facts, changelog_bytes=written, **used)
