"""The workers of a campaign, and the small supervisor that starts again whatever ends."""

import re
import signal
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from streams.ports import any_free
from streams.settings import Settings
from tests.faults.control import Control
from tests.faults.nursery import Child, Nursery
from tests.workers import changed_variables

PAUSE_S = 0.2
_PARTITIONS = re.compile(r"ready: (\d+) partitions")
SLOW_SEEKS = 0.2


@dataclass
class Hand:
    """One worker under supervision: its name in the group, and its process while it has one."""

    name: str
    folder: Path
    nursery: Nursery
    settings: Settings
    options: list[str]
    dice: Random
    slow_seeks: float = SLOW_SEEKS
    process: Child | None = None
    starts: int = 0
    wanted: bool = True
    exits: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = f"127.0.0.1:{any_free('127.0.0.1')}"
        self.control = Control(self.folder / f"{self.name}.control")
        self.log = self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Starts it, its clock right."""
        self.control.reset()
        self.starts += 1
        options = [*self.options, "--control", str(self.folder / f"{self.name}.control")]
        if self.dice.random() < self.slow_seeks:
            options.append("--slow-seek")
        own = {"DIALPULSE_WORKER_HTTP": self.address, "DIALPULSE_INSTANCE_ID": self.name}
        self.process = self.nursery.start(options, changed_variables(self.settings) | own, self.log)

    def send(self, number: signal.Signals) -> None:
        """A signal to its process, if it has one."""
        if self.process is not None:
            self.process.send(number)

    def ended_by(self, number: signal.Signals, within_s: float = 60.0) -> int | None:
        """Sends a signal that ends its process; the exit code, None where it had no process or stays."""
        process = self.process
        if process is None or process.code is not None:
            return None
        process.send(number)
        return process.wait(within_s)

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.process is not None and self.process.code is None

    @property
    def is_frozen(self) -> bool:
        """Whether its process is stopped by a signal."""
        try:
            assert self.process is not None
            return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
        except (OSError, AssertionError):
            return False

    def partitions(self) -> int:
        """How many partitions it serves: 0 where it does not answer, or says that it is not ready."""
        found = _PARTITIONS.match(self.says())
        return int(found[1]) if found else 0

    def says(self) -> str:
        """What it answers to whoever asks whether it is ready."""
        if not self.is_running or self.is_frozen:
            return "frozen" if self.is_running else "not running"
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=5) as answer:
                return str(answer.read().decode()).strip()
        except urllib.error.HTTPError as error:
            return error.read().decode().strip()
        except (urllib.error.URLError, OSError) as error:
            return f"no answer: {error}"


class Crew:
    """Every worker of a campaign; ``names`` are those that run from its beginning."""

    def __init__(self, nursery: Nursery, settings: Settings, folder: Path, mutant: str | None, seed: int) -> None:
        self._nursery = nursery
        self._settings = settings
        self._folder = folder
        self._options = ["--mutant", mutant] if mutant else []
        self._dice = Random(seed)
        self._changing = threading.RLock()
        self._ending = threading.Event()
        self._restarting = True
        self._watch = threading.Thread(target=self._watch_over, name="supervisor", daemon=True)
        self.hands: dict[str, Hand] = {}

    def start(self, names: list[str], slow_seeks: float = SLOW_SEEKS) -> None:
        """Starts these workers, and the supervisor."""
        for name in names:
            self.join(name, slow_seeks)
        self._watch.start()

    def join(self, name: str, slow_seeks: float = SLOW_SEEKS) -> Hand:
        """One more worker, or one that had left."""
        with self._changing:
            hand = self.hands.get(name)
            if hand is None:
                hand = Hand(name, self._folder, self._nursery, self._settings, self._options, self._dice, slow_seeks)
                self.hands[name] = hand
            hand.wanted = True
            return hand

    def leave(self, name: str) -> Hand:
        """This worker is told to stop, and stays away."""
        with self._changing:
            hand = self.hands[name]
            hand.wanted = False
            hand.send(signal.SIGTERM)
            return hand

    def running(self) -> list[Hand]:
        """Workers that run and are wanted."""
        return [hand for hand in self.hands.values() if hand.wanted and hand.is_running and not hand.is_frozen]

    def served(self) -> int:
        """How many partitions are served by workers that are ready."""
        return sum(hand.partitions() for hand in list(self.hands.values()))

    def stop(self, within_s: float = 90.0) -> dict[str, int | None]:
        """Stops all as an operator would; exit codes by worker, None where one had to be killed."""
        with self._changing:
            self._restarting = False
        for hand in self.hands.values():
            hand.send(signal.SIGCONT)
            hand.send(signal.SIGTERM)
        codes: dict[str, int | None] = {}
        for name, hand in self.hands.items():
            process = hand.process
            if process is None or not hand.wanted:
                continue
            codes[name] = process.wait(within_s)
        self.end()
        return codes

    def end(self) -> None:
        """Ends whatever is left."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        for hand in self.hands.values():
            hand.ended_by(signal.SIGKILL)

    def stumbles(self, *words: str) -> list[str]:
        """Why workers stopped of what they were given to read: lines of their logs that hold one of these words."""
        logs = [hand.log.read_text(errors="replace") for hand in self.hands.values() if hand.log.exists()]
        lines = [line for log in logs for line in log.splitlines() if "the engine stops: " in line]
        return [line for line in lines if any(word in line for word in words)]

    def _watch_over(self) -> None:
        while not self._ending.wait(PAUSE_S):
            with self._changing:
                for hand in self.hands.values():
                    self._look_at(hand)

    def _look_at(self, hand: Hand) -> None:
        if hand.is_running:
            return
        if hand.process is not None:
            hand.exits.append(hand.process.code)
            hand.process = None
        if hand.wanted and self._restarting:
            hand.start()
