"""The faults of a campaign: each lands on a running system, lasts a while, and leaves it to recover by itself."""

import signal
import time
from collections.abc import Callable
from random import Random

from redis import Redis

from tests.faults.cluster import ClusterStack
from tests.faults.control import Point
from tests.faults.crew import Crew, Hand
from tests.faults.programme import LAST
from tests.faults.stage import Stage

SHORTEST_FREEZE_S, LONGEST_FREEZE_S = 6.0, 20.0
PAST_THE_SESSION_S = 13.0, 16.0
CLOCK_STEPS_S = (-30.0, -7.0, -1.5, 0.8, 2.5, 30.0)


class Faults:
    """Draws from ``dice`` and does to a crew and its stage; ``silence`` ends the source of facts."""

    def __init__(self, stage: Stage, crew: Crew, dice: Random, silence: Callable[[], object]) -> None:
        self._silence = silence
        self.stage = stage
        self.crew = crew
        self.dice = dice
        self.kinds: dict[str, Callable[[], object]] = {
            "kill -9": self.kill,
            "frozen 6-20 s": self.freeze,
            "frozen in a flush": lambda: self.freeze_at(Point.FREEZE_IN_FLUSH, self._freeze_s()),
            "frozen before Redis": lambda: self.freeze_at(Point.FREEZE_BEFORE_REDIS, self._freeze_s()),
            "long zombie": lambda: self.freeze_at(Point.FREEZE_IN_FLUSH, self.dice.uniform(*PAST_THE_SESSION_S)),
            LAST: lambda: self.wake_in_silence(Point.FREEZE_IN_FLUSH),
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
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            hands = [hand for hand in self.crew.running() if hand.partitions()]
            if hands:
                return self.dice.choice(hands)
            time.sleep(0.2)
        raise TimeoutError("no worker became ready within 60 s")

    def _freeze_s(self) -> float:
        return self.dice.uniform(SHORTEST_FREEZE_S, LONGEST_FREEZE_S)

    def kill(self) -> None:
        """A crash."""
        self._hand().send(signal.SIGKILL)

    def freeze(self) -> None:
        """A machine that swaps, or a suspended one: it wakes with whatever it was about to do."""
        hand = self._hand()
        hand.send(signal.SIGSTOP)
        time.sleep(self._freeze_s())
        hand.send(signal.SIGCONT)

    def freeze_at(self, point: Point, seconds: float) -> Hand | None:
        """Frozen just where it holds records that it was about to send; None where it never came there."""
        hand = self._hand()
        if not self._sprung(hand, point):
            return None
        time.sleep(seconds)
        hand.send(signal.SIGCONT)
        return hand

    def wake_in_silence(self, point: Point) -> None:
        """Wakes with a full buffer when no more facts come: nothing that it overwrites would be written again."""
        hand = self._hand()
        give_up = time.monotonic() + 30
        while not self._sprung(hand, point) and time.monotonic() < give_up:
            hand = self._hand()
        time.sleep(self.dice.uniform(*PAST_THE_SESSION_S))
        self._silence()
        give_up = time.monotonic() + 60
        while self.stage.lag() != 0 and time.monotonic() < give_up:
            time.sleep(0.2)
        hand.send(signal.SIGCONT)

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
        hand = self._hand()
        self._sprung(hand, Point.FREEZE_IN_FLUSH)
        hand.send(signal.SIGKILL)

    def die_before_outputs(self) -> None:
        """Dies when its changelog rows are acknowledged, and none of its outputs sent."""
        hand = self._hand()
        process = hand.process
        hand.control.point = Point.DIE_BEFORE_OUTPUTS
        give_up = time.monotonic() + 5
        while process is not None and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.05)
        if hand.process is process:
            hand.send(signal.SIGKILL)

    def terminate(self) -> None:
        """A planned stop, started again: the group rebalances twice."""
        self._hand().send(signal.SIGTERM)

    def join_and_leave(self) -> None:
        """A worker more for a while."""
        name = f"w{self.dice.randrange(3, 5)}"
        self.crew.join(name)
        give_up = time.monotonic() + 30
        while not self.crew.hands[name].partitions() and time.monotonic() < give_up:
            time.sleep(0.2)
        time.sleep(self.dice.uniform(1, 4))
        self.crew.leave(name)

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
        hand = self._hand()
        hand.control.point = Point.LOSE_A_BATCH
        time.sleep(2)
        if hand.control.point is Point.LOSE_A_BATCH:
            hand.control.point = Point.NONE

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
