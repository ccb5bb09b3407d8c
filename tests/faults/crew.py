"""The workers of a campaign, and the small supervisor that starts again whatever ends."""

import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from streams.ports import any_free
from streams.settings import Settings
from tests.faults.control import Control
from tests.workers import environment

PAUSE_S = 0.2
SLOW_SEEKS = 0.2


@dataclass
class Hand:
    """One worker under supervision: its name in the group, and its process while it has one."""

    name: str
    folder: Path
    settings: Settings
    options: list[str]
    dice: Random
    slow_seeks: float = SLOW_SEEKS
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    wanted: bool = True
    exits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = f"127.0.0.1:{any_free('127.0.0.1')}"
        self.control = Control(self.folder / f"{self.name}.control")
        self.log = self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Starts it, its clock right."""
        self.control.reset()
        self.starts += 1
        line = [sys.executable, "-m", "tests.faults.worker_entry", "--driver", str(os.getpid()), *self.options]
        line += ["--control", str(self.folder / f"{self.name}.control")]
        if self.dice.random() < self.slow_seeks:
            line.append("--slow-seek")
        own = {"DIALPULSE_WORKER_HTTP": self.address, "DIALPULSE_INSTANCE_ID": self.name}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(line, env=environment(self.settings) | own, stdout=log, stderr=log)

    def send(self, number: signal.Signals) -> None:
        """A signal to its process, if it has one."""
        process = self.process
        if process is not None and process.poll() is None:
            process.send_signal(number)

    @property
    def is_running(self) -> bool:
        """Whether there is a process."""
        return self.process is not None and self.process.poll() is None

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
        if not self.is_running or self.is_frozen:
            return 0
        try:
            with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=1) as answer:
                words = answer.read().decode().split()
            return int(words[1])
        except (urllib.error.URLError, OSError, ValueError, IndexError):
            return 0


class Crew:
    """Every worker of a campaign; ``names`` are those that run from its beginning."""

    def __init__(self, settings: Settings, folder: Path, mutant: str | None, seed: int) -> None:
        self._settings = settings
        self._folder = folder
        self._options = ["--mutant", mutant] if mutant else []
        self._dice = Random(seed)
        self._changing = threading.RLock()
        self._ending = threading.Event()
        self._restarting = True
        # Processes are told to end with the thread that started them, so one thread starts them all.
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
                hand = Hand(name, self._folder, self._settings, self._options, self._dice, slow_seeks)
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

    def stop(self, within_s: float = 30.0) -> dict[str, int | None]:
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
            try:
                codes[name] = process.wait(within_s)
            except subprocess.TimeoutExpired:
                codes[name] = None
        self.end()
        return codes

    def end(self) -> None:
        """Ends whatever is left."""
        self._ending.set()
        if self._watch.is_alive():
            self._watch.join()
        for hand in self.hands.values():
            process = hand.process
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

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
            hand.exits.append(hand.process.returncode)
            hand.process = None
        if hand.wanted and self._restarting:
            hand.start()
