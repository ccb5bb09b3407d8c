"""The faults of a campaign: each lands on a running system, lasts a while, and leaves it to recover by itself."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from redis import Redis

from tests.faults.cluster import ClusterStack
from tests.faults.control import Point
from tests.faults.crew import Crew, Hand
from tests.faults.stage import Stage

SHORTEST_FREEZE_S, LONGEST_FREEZE_S = 6.0, 20.0
PAST_THE_SESSION_S = 3.0, 6.0
LANDS_WITHIN_S = 180.0
NAMES = ("w1", "w2", "w3", "w4")
CLOCK_STEPS_S = (-30.0, -7.0, -1.5, 0.8, 2.5, 30.0)


@dataclass(frozen=True)
class Zombie:
    """A frozen worker. ``compacted``: records that the cleaner passed over meanwhile; ``cleaned``: by the waking."""

    past_session: bool
    compacted: int
    cleaned: int


class Faults:
    """Draws from ``dice`` and does to a crew and its stage; ``silence`` ends the source of facts.

    Each returns when it has landed, and raises TimeoutError where it could not. ``zombies``: every freeze of a worker.
    """

    def __init__(self, stage: Stage, crew: Crew, dice: Random, silence: Callable[[], object]) -> None:
        self._silence = silence
        self.stage = stage
        self.crew = crew
        self.dice = dice
        self.zombies: list[Zombie] = []
        self.kinds: dict[str, Callable[[], object]] = {
            "kill -9": self.kill,
            "frozen 6-20 s": self.freeze,
            "frozen in a flush": lambda: self.freeze_at(Point.FREEZE_IN_FLUSH, self._freeze_s()),
            "frozen before Redis": lambda: self.freeze_at(Point.FREEZE_BEFORE_REDIS, self._freeze_s()),
            "wakes in silence": lambda: self.wake_in_silence(Point.FREEZE_IN_FLUSH),
            "wakes with old rows": lambda: self.wake_in_silence(Point.FREEZE_BEFORE_ROWS),
            "wakes to a quiet Redis": lambda: self.wake_in_silence(Point.FREEZE_BEFORE_REDIS),
            "frozen then killed": self.freeze_and_kill,
            "kill -9 before outputs": self.die_before_outputs,
            "SIGTERM": self.terminate,
            "joins and leaves": self.join_and_leave,
            "clock steps": self.step_clock,
            "a fetched batch lost": self.lose_batch,
            "Kafka killed": self.kill_kafka,
            "leader killed": self.kill_leader,
            "disk full": self.fill_disk,
            "Redis killed": self.kill_redis,
            "Redis frozen": self.freeze_redis,
            "Redis emptied": self.empty_redis,
        }

    def _hand(self) -> Hand:
        give_up = time.monotonic() + LANDS_WITHIN_S
        while time.monotonic() < give_up:
            hands = [hand for hand in self.crew.running() if hand.partitions()]
            if hands:
                return self.dice.choice(hands)
            time.sleep(0.2)
        raise TimeoutError(f"no worker became ready within {LANDS_WITHIN_S:.0f} s")

    def _until_landed(self, strike: Callable[[Hand], bool]) -> Hand:
        """Tries one worker after another until the fault has landed on one; that one."""
        give_up = time.monotonic() + LANDS_WITHIN_S
        while time.monotonic() < give_up:
            hand = self._hand()
            if strike(hand):
                return hand
        raise TimeoutError(f"no worker was struck within {LANDS_WITHIN_S:.0f} s")

    def _freeze_s(self) -> float:
        return self.dice.uniform(SHORTEST_FREEZE_S, LONGEST_FREEZE_S)

    def _past_the_session_s(self) -> float:
        return self.stage.settings.session_timeout + self.dice.uniform(*PAST_THE_SESSION_S)

    def kill(self) -> None:
        """A crash."""
        self._until_landed(lambda hand: hand.ended_by(signal.SIGKILL) == -signal.SIGKILL)

    def terminate(self) -> None:
        """A planned stop, started again: the group rebalances twice."""
        self._until_landed(lambda hand: hand.ended_by(signal.SIGTERM) == 0)

    def freeze(self) -> None:
        """A machine that swaps, or a suspended one: it wakes with whatever it was about to do."""

        def stopped(hand: Hand) -> bool:
            hand.send(signal.SIGSTOP)
            # It stops a moment after the signal, or has ended before it came.
            while hand.is_running and not hand.is_frozen:
                time.sleep(0.01)
            return hand.is_frozen

        self._sleep_and_wake(self._until_landed(stopped), self._freeze_s())

    def freeze_at(self, point: Point, seconds: float) -> None:
        """Frozen just where it holds records that it was about to send."""
        self._sleep_and_wake(self._until_landed(lambda hand: self._sprung(hand, point)), seconds)

    def _sleep_and_wake(self, hand: Hand, seconds: float) -> None:
        """Asleep so long, and until Kafka has compacted outputs meanwhile, if that comes within the longest freeze."""
        self._asleep(hand, seconds, self._nothing)

    def wake_in_silence(self, point: Point) -> None:
        """Wakes with a full buffer when no more facts come: nothing that it overwrites would be written again."""
        hand = self._until_landed(lambda hand: self._sprung(hand, point))
        self._asleep(hand, self._past_the_session_s(), self._let_others_finish)

    def _asleep(self, hand: Hand, seconds: float, meanwhile: Callable[[], object]) -> None:
        cleaned, began = self.stage.cleaned(), time.monotonic()
        time.sleep(seconds)
        meanwhile()
        while (passed := self.stage.cleaned() - cleaned) == 0 and time.monotonic() - began < LONGEST_FREEZE_S:
            time.sleep(0.5)
        slept = time.monotonic() - began
        self.zombies.append(Zombie(slept > self.stage.settings.session_timeout, passed, cleaned + passed))
        hand.send(signal.SIGCONT)

    def _nothing(self) -> None:
        """Facts go on."""

    def _let_others_finish(self) -> None:
        self._silence()
        give_up = time.monotonic() + LANDS_WITHIN_S
        while self.stage.lag() != 0:
            if time.monotonic() > give_up:
                raise TimeoutError(f"the others were not done within {LANDS_WITHIN_S:.0f} s of silence")
            time.sleep(0.2)

    def _sprung(self, hand: Hand, point: Point, within_s: float = 5.0) -> bool:
        hand.control.point = point
        give_up = time.monotonic() + within_s
        while time.monotonic() < give_up:
            if hand.is_frozen:
                return True
            time.sleep(0.02)
        hand.control.point = Point.NONE
        return hand.is_frozen

    def freeze_and_kill(self) -> None:
        """Dies with a full buffer."""

        def struck(hand: Hand) -> bool:
            return self._sprung(hand, Point.FREEZE_BEFORE_ROWS) and hand.ended_by(signal.SIGKILL) is not None

        self._until_landed(struck)

    def die_before_outputs(self) -> None:
        """Dies when its changelog rows are acknowledged, and none of its outputs sent."""

        def struck(hand: Hand) -> bool:
            process = hand.process
            hand.control.point = Point.DIE_BEFORE_OUTPUTS
            code = None if process is None else process.wait(15)
            hand.control.point = Point.NONE
            return code == -signal.SIGKILL

        self._until_landed(struck)

    def join_and_leave(self) -> None:
        """A worker or two more for a while; where all there are work already, one less."""
        away = [name for name in NAMES if name not in self.crew.hands or not self.crew.hands[name].wanted]
        if not away:
            leaving = self._hand()
            self._let_leave([leaving.name])
            self._let_join([leaving.name])
            return
        joining = away[: self.dice.randint(1, len(away))]
        self._let_join(joining)
        time.sleep(self.dice.uniform(1, 4))
        self._let_leave(joining)

    def _let_join(self, names: list[str]) -> None:
        hands = [self.crew.join(name) for name in names]
        give_up = time.monotonic() + LANDS_WITHIN_S
        while not all(hand.partitions() for hand in hands):
            if time.monotonic() > give_up:
                raise TimeoutError(f"{', '.join(names)} had no partitions within {LANDS_WITHIN_S:.0f} s")
            time.sleep(0.2)

    def _let_leave(self, names: list[str]) -> None:
        for hand in [self.crew.leave(name) for name in names]:
            process = hand.process
            code = 0 if process is None else process.wait(LANDS_WITHIN_S)
            if code != 0:
                raise TimeoutError(f"{hand.name} was told to leave, and ended with {code}")

    def step_clock(self) -> None:
        """A worker's clock steps, and is put right after a while."""
        hand = self._hand()
        process = hand.process
        hand.control.clock_offset = self.dice.choice(CLOCK_STEPS_S)
        time.sleep(self.dice.uniform(2, 6))
        if hand.process is process:
            hand.control.clock_offset = 0.0

    def lose_batch(self) -> None:
        """The client library drops what it fetched."""

        def struck(hand: Hand) -> bool:
            hand.control.point = Point.LOSE_A_BATCH
            give_up = time.monotonic() + 5
            while hand.control.point is Point.LOSE_A_BATCH and time.monotonic() < give_up:
                time.sleep(0.02)
            landed = hand.control.point is not Point.LOSE_A_BATCH
            hand.control.point = Point.NONE
            return landed

        self._until_landed(struck)

    def kill_kafka(self) -> None:
        """The broker crashes; its keeper starts it again."""
        self.stage.stack.kill_kafka()

    def kill_leader(self) -> None:
        """A node crashes that leads a partition of the calls; the others go on, and it comes back."""
        stack = self.stage.stack
        assert isinstance(stack, ClusterStack)
        stack.kill_leader(self.stage.settings.topic("dialer.calls.v1"), self.dice)

    def fill_disk(self) -> None:
        """The broker runs out of room, and gets it back."""
        with self.stage.full_disk():
            time.sleep(self.dice.uniform(3, 6))

    def kill_redis(self) -> None:
        """Redis crashes; its keeper starts it again on its data."""
        self.stage.stack.kill_redis()

    def freeze_redis(self) -> None:
        """Redis hangs."""
        with self.stage.frozen_redis():
            time.sleep(self.dice.uniform(3, 8))

    def empty_redis(self) -> None:
        """Redis has forgotten everything."""
        Redis.from_url(self.stage.settings.redis_url).flushall()
