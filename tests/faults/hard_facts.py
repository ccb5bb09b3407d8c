"""Facts as hard as a real floor makes them, and harder: repeated, corrected, voided, late, out of order, misplaced."""

import heapq
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

from tests.faults.poison import APPOINTMENTS, CALLS, CONVERSATIONS, POISONS, PRESENCE, SALES, spoil

FACT_TOPICS = (CALLS, CONVERSATIONS, APPOINTMENTS, SALES, PRESENCE)
ZONES = {"lyon": "Europe/Paris", "pune": "Asia/Kolkata", "adelaide": "Australia/Adelaide"}
SITES = ("lyon", "pune", "adelaide", None)
CAMPAIGNS = ("autumn", "winter", "été", "b2b")
OUTCOMES = ("refused", "refused", "refused", "warm_lead", "callback", "appointment", "unclassified")
STATUSES = ("booked", "confirmed", "rescheduled", "honoured", "no_show", "cancelled")

OPERATORS = 48
REPEATED = CORRECTED = 0.05
MISPLACED = 0.01
FOREIGN_KEYS = (b"somebody-else", None, b"", b"\xff\xfe")
POISONED = 0.001
"""Shares of the facts; ``POISONED`` of each reason."""
HOT_S, WARM_S, COLD_S = 240, 6 * 3600, 70 * 3600
"""How long ago a call may have begun: most are hot, some warm, a few cold; all within the 72 h of the contract."""
SOON, LATER = 150, 6000
"""After how many other facts a fact's companions, repetitions and corrections may come."""


class Shot(NamedTuple):
    """One record to produce; ``expected``: the reason for which it is to be rejected, empty for a good one."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    expected: str = ""


Fact = dict[str, Any]


class HardFacts:
    """A seeded stream of facts about the hours before ``now_s`` (epoch seconds at each fact's making)."""

    def __init__(self, seed: int, partitions: int, corrected: float = CORRECTED) -> None:
        self._random = Random(seed)
        self._corrected_share = corrected
        self._name = f"s{seed}"
        self._partitions = partitions
        self._due: list[tuple[int, int, str, Fact]] = []
        self._number = 0
        self._serial = 0
        self._owed = Counter[str]()

    def shots(self, clock: Any) -> Iterator[Shot]:
        """Endless; ``clock()`` gives the present in epoch seconds."""
        while True:
            while self._due and self._due[0][0] <= self._number:
                _, _, topic, fact = heapq.heappop(self._due)
                yield from self._said(topic, fact)
            self._number += 1
            self._begin_a_call(clock())

    def _said(self, topic: str, fact: Fact) -> Iterator[Shot]:
        """The fact as a record, and now and then something that goes wrong beside it."""
        self._number += 1
        chance = self._random.random()
        owner = (fact.get("operator_id") or f"@{fact['campaign_id']}").encode()
        value = self._written(fact)
        if chance < MISPLACED / 2:
            yield Shot(topic, self._random.choice(FOREIGN_KEYS), value)
        elif chance < MISPLACED:
            yield Shot(topic, owner, value, self._random.randrange(self._partitions))
        else:
            yield Shot(topic, owner, value)
        for reason in POISONS:
            # What only some topics can have waits for one that can: its share is that of all facts.
            self._owed[reason] += self._random.random() < POISONED
            if not self._owed[reason]:
                continue
            self._serial += 1
            spoilt = spoil(reason, topic, fact, f"{self._name}-x{self._serial}", self._random)
            if spoilt is not None:
                self._owed[reason] -= 1
                yield Shot(*spoilt, expected=reason)
        if self._random.random() < POISONED * 2:  # same identity, same version, other content: a conflict
            yield Shot(topic, owner, self._written(fact | {"script_id": f"other-{self._number}"}))

    def _written(self, fact: Fact) -> bytes:
        said = dict(fact)
        if self._random.random() < 0.1:
            said["stated_at"] = _text(datetime.now(UTC).timestamp() - self._random.uniform(0, 60), 0)
        if self._random.random() < 0.05:
            said["unknown_field"] = {"deep": [1, 2.5, None]}
        items = list(said.items())
        if self._random.random() < 0.1:
            self._random.shuffle(items)
        return json.dumps(dict(items), ensure_ascii=self._random.random() < 0.5).encode()

    def _later(self, topic: str, fact: Fact, most: int = SOON) -> None:
        """The fact comes within so many others, maybe repeated, corrected or voided, in whatever order."""
        self._put(topic, fact, most)
        if self._random.random() < REPEATED:
            self._put(topic, fact, LATER)
        step = 0
        while self._random.random() < (self._corrected_share if step == 0 else 0.3):
            step += 1
            fact = self._corrected(topic, fact, step)
            self._put(topic, fact, self._random.choice((SOON, LATER)))

    def _put(self, topic: str, fact: Fact, most: int) -> None:
        self._serial += 1
        heapq.heappush(self._due, (self._number + self._random.randrange(1, most), self._serial, topic, fact))

    def _corrected(self, topic: str, fact: Fact, step: int) -> Fact:
        changed = fact | {"version": fact.get("version", 0) + self._random.choice((1, 1, 3, 1000))}
        kind = self._random.random()
        if kind < 0.4:
            return changed | {"voided": True}
        changed.pop("voided", None)
        if kind < 0.6 and fact.get("operator_id") and topic != PRESENCE:
            return changed | {"campaign_id": self._random.choice(CAMPAIGNS), "team_id": f"t{self._random.randrange(9)}"}
        if topic in (CALLS, CONVERSATIONS):
            return changed | {"talk_seconds": self._seconds()}
        if topic == APPOINTMENTS:
            quality = self._random.choice(("sound", "forced", "irrelevant"))
            return changed | {"status": self._random.choice(STATUSES), "quality": quality}
        return changed | {"script_id": f"script-{step}"}

    def _seconds(self) -> float:
        return self._random.choice((0, 19.999, 20, self._random.randrange(400_000) / 1000))

    def _begin_a_call(self, now_s: float) -> None:
        dice = self._random
        self._serial += 1
        call_id = f"{self._name}-c{self._serial}"
        age = dice.choices((HOT_S, WARM_S, COLD_S), (85, 10, 5))[0]
        started_s = now_s - 5 - dice.randrange(age * 1000) / 1000
        number = dice.randrange(OPERATORS)
        site = SITES[number % 4] if dice.random() < 0.95 else None
        common: Fact = {"operator_id": f"o{number}", "campaign_id": dice.choice(CAMPAIGNS)}
        if site is not None:
            common["site_id"] = site
        if dice.random() < 0.8:
            common["team_id"] = f"t{number % 7}"
        if dice.random() < 0.15:
            self._later(CALLS, self._unserved(common, call_id, started_s))
            return
        started_at = _text(started_s, dice.choice((0, 0, 60, 330)))
        self._later(CALLS, self._call(common, call_id, started_s, started_at))
        if dice.random() < 0.4:
            self._later(CONVERSATIONS, self._conversation(common, call_id, started_at), dice.choice((2, SOON)))
        if dice.random() < 0.12:
            self._follow_up(common, call_id, started_s, started_at)
        if dice.random() < 0.06:
            states = ("available", "on_call", "wrap_up", "paused", "offline")
            state = {"operator_id": common["operator_id"], "since": started_at, "state": dice.choice(states)}
            self._later(PRESENCE, state | {name: common[name] for name in ("site_id", "team_id") if name in common})

    def _unserved(self, common: Fact, call_id: str, started_s: float) -> Fact:
        fact = {name: value for name, value in common.items() if name != "operator_id"}
        fact |= {"call_id": call_id, "started_at": _text(started_s, 0)}
        if self._random.random() < 0.2:
            fact["abandoned"] = True
        return fact

    def _call(self, common: Fact, call_id: str, started_s: float, started_at: str) -> Fact:
        dice = self._random
        fact = common | {"call_id": call_id, "started_at": started_at}
        if dice.random() < 0.6:
            answered_s = started_s + dice.randrange(30_000) / 1000
            # Now and then two clocks: the end a little before the answer.
            ended_s = answered_s + dice.choice((-3, dice.randrange(600)))
            fact |= {"answered_at": _text(answered_s, 0), "ended_at": _text(ended_s, 60)}
            fact["answered_by"] = dice.choice(("human", "human", "machine", "unknown"))
            fact["talk_seconds"] = self._seconds()
        if dice.random() < 0.08:
            fact["direction"] = "inbound"
        if dice.random() < 0.3:
            fact |= {"lead_id": f"lead-{dice.randrange(10**6)}", "attempt": dice.randrange(1, 9)}
        return fact

    def _conversation(self, common: Fact, call_id: str, started_at: str) -> Fact:
        fact = common | {"call_id": call_id, "call_started_at": started_at, "outcome": self._random.choice(OUTCOMES)}
        if fact["outcome"] == "warm_lead" and self._random.random() < 0.8:
            fact["warm_horizon"] = self._random.choice(("short", "medium", "long"))
        if self._random.random() < 0.5:
            fact["talk_seconds"] = self._seconds()
        return fact

    def _follow_up(self, common: Fact, call_id: str, started_s: float, started_at: str) -> None:
        dice = self._random
        appointment_id = f"{call_id}-a"
        booked_at = _text(started_s + 1, 0)
        fact = common | {"appointment_id": appointment_id, "booked_at": booked_at}
        reference = {"call_id": call_id, "call_started_at": started_at} if dice.random() < 0.7 else {}
        self._later(APPOINTMENTS, fact | reference | {"status": dice.choice(STATUSES)}, dice.choice((SOON, LATER)))
        if dice.random() < 0.4:
            money = {"amount": f"{dice.randrange(10**6) / 100:.2f}", "currency": dice.choice(("EUR", "INR"))}
            sale = fact | reference | {"sale_id": f"{call_id}-s"} | (money if dice.random() < 0.8 else {})
            self._later(SALES, sale, dice.choice((SOON, LATER)))


def _text(second: float, offset_minutes: int) -> str:
    """An instant (epoch seconds) at some offset, to the millisecond."""
    at = datetime.fromtimestamp(round(second * 1000) / 1000, UTC)
    at = at.astimezone(timezone(timedelta(minutes=offset_minutes)))
    return at.isoformat(timespec="milliseconds")
