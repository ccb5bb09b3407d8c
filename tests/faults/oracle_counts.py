"""The oracle's own counting rules, written from the definitions of the KPIs."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from typing import Any

from tests.faults.oracle_facts import Part, Stated, TruePage

COUNTS = [
    "calls",
    "inbound",
    "answered",
    "human_answered",
    "abandoned",
    "conversations",
    "refused",
    "warm_leads",
    "warm_short",
    "warm_medium",
    "warm_long",
    "callbacks",
    "concluded_appointments",
    "unclassified",
    "timed",
    "appointments",
    "honoured",
    "no_shows",
    "cancelled",
    "pending",
    "judged",
    "forced",
    "irrelevant",
    "sales",
]
CONCLUSIONS = {
    "refused": "refused",
    "warm_lead": "warm_leads",
    "callback": "callbacks",
    "appointment": "concluded_appointments",
}
LONG_ENOUGH_US = 20_000_000
SLOT_US = 300_000_000


@dataclass
class Sums:
    """Counts, talk (microseconds), slots by five minutes, money by currency."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    talk_us: int = 0
    slots: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    money: dict[str, Decimal] = field(default_factory=dict)

    def add(self, other: "Sums") -> None:
        """Adds another."""
        for name, count in other.counts.items():
            self.counts[name] += count
        self.talk_us += other.talk_us
        for name, row in other.slots.items():
            for slot, count in row.items():
                self.slots[name][slot] += count
        for currency, amount in other.money.items():
            self.money[currency] = self.money.get(currency, Decimal(0)) + amount

    @property
    def is_nothing(self) -> bool:
        """Nothing was counted."""
        return not (any(self.counts.values()) or self.talk_us or self.money)


class PageCount:
    """The numbers of one page, by part."""

    def __init__(self, page: TruePage, hour_us: int) -> None:
        self._hour_us = hour_us
        self.parts: dict[Part, Sums] = defaultdict(Sums)
        by_topic: dict[str, dict[Any, Stated]] = defaultdict(dict)
        for (topic, identity), stated in page.standing.items():
            by_topic[topic][identity] = stated
        calls, talks, appointments, sales = (
            by_topic[f"dialer.{kind}.v1"] for kind in ("calls", "conversations", "appointments", "sales")
        )
        self._calls = {key: one for key, one in calls.items() if not one.voided}
        self._talks = {key: one for key, one in talks.items() if not one.voided}
        for call_id in self._calls.keys() | self._talks.keys():
            self._count_call(self._calls.get(call_id), self._talks.get(call_id))
        named = {one.content.get("call_id") for one in appointments.values()}
        for call_id, talk in self._talks.items():
            if talk.content.get("outcome") == "appointment" and call_id not in named:
                ground = self._calls.get(call_id) or talk
                self._count_appointment(ground.part, ground.at_us, "booked", None)
        for one in appointments.values():
            if not one.voided:
                call_id = one.content.get("call_id")
                ground = self._calls.get(call_id) or self._talks.get(call_id) or one
                self._count_appointment(one.part, ground.at_us, one.content["status"], one.content.get("quality"))
        for one in sales.values():
            if not one.voided:
                self._count_sale(one)

    def _slot(self, sums: Sums, row: str, at_us: int) -> None:
        sums.slots[row][(at_us - self._hour_us) // SLOT_US] += 1

    def _count_call(self, call: Stated | None, talk: Stated | None) -> None:
        ground = call or talk
        assert ground is not None
        sums, said = self.parts[ground.part], {} if call is None else call.content
        if said.get("direction") == "inbound":
            sums.counts["inbound"] += 1
            return
        sums.counts["calls"] += 1
        self._slot(sums, "calls", ground.at_us)
        outcome = None if talk is None else talk.content.get("outcome")
        concluded = outcome not in (None, "unclassified")
        talked_us = None if talk is None else talk.content.get("talk_seconds")
        if talked_us is None:
            talked_us = said.get("talk_seconds")
        by, abandoned = said.get("answered_by"), bool(said.get("abandoned"))
        sums.counts["abandoned"] += abandoned
        if talk or "answered_at" in said or by in ("human", "machine") or talked_us or abandoned:
            sums.counts["answered"] += 1
            sums.counts["human_answered"] += concluded or by != "machine"
        if concluded or (talked_us is not None and talked_us >= LONG_ENOUGH_US and by != "machine"):
            self._count_conversation(sums, ground, outcome, talk, talked_us)

    def _count_conversation(
        self, sums: Sums, ground: Stated, outcome: str | None, talk: Stated | None, talked_us: int | None
    ) -> None:
        sums.counts["conversations"] += 1
        self._slot(sums, "conversations", ground.at_us)
        sums.counts[CONCLUSIONS.get(outcome or "", "unclassified")] += 1
        if outcome == "warm_lead" and talk is not None and "warm_horizon" in talk.content:
            sums.counts[f"warm_{talk.content['warm_horizon']}"] += 1
        if talked_us is not None:
            sums.counts["timed"] += 1
            sums.talk_us += talked_us

    def _count_appointment(self, part: Part, at_us: int, status: str, quality: str | None) -> None:
        sums = self.parts[part]
        sums.counts["appointments"] += 1
        self._slot(sums, "appointments", at_us)
        kinds = {"honoured": "honoured", "no_show": "no_shows", "cancelled": "cancelled"}
        sums.counts[kinds.get(status, "pending")] += 1
        if quality is not None:
            sums.counts["judged"] += 1
            if quality != "sound":
                sums.counts[quality] += 1

    def _count_sale(self, sale: Stated) -> None:
        sums = self.parts[sale.part]
        sums.counts["sales"] += 1
        if "amount" in sale.content:
            currency = sale.content["currency"]
            sums.money[currency] = sums.money.get(currency, Decimal(0)) + sale.content["amount"]


def body(sums: Sums, hours: float) -> dict[str, Any]:
    """What every KPI record says of its sums; ``hours`` is the length of the hour."""
    slots = -(-int(hours * 3600) // 300)
    rows = {
        name: [sums.slots[name][number] for number in range(slots)]
        for name in ("calls", "conversations", "appointments")
    }
    return {
        "counts": {name: sums.counts[name] for name in COUNTS},
        "talk_seconds": sums.talk_us / 1_000_000,
        "amounts": dict(sums.money),
        "rates": _rates(sums, hours),
        "slots": {"seconds": 300, **rows},
    }


def _rates(sums: Sums, hours: float) -> dict[str, Any]:
    count = sums.counts
    talks, appointments = count["conversations"], count["appointments"]
    quiet = {"low": None, "high": None}

    def ratio(above: float, below: float) -> dict[str, Any]:
        return {"value": above / below if below else None, "numerator": above, "denominator": below, **quiet}

    return {
        "calls_per_hour": ratio(count["calls"], hours),
        "conversations_per_hour": ratio(talks, hours),
        "contact_rate": _share(talks, count["calls"]),
        "mean_conversation_seconds": ratio(sums.talk_us / 1_000_000, count["timed"]),
        "appointment_rate": _share(appointments, count["calls"]),
        "appointments_per_conversation": _share(appointments, talks),
        "qualification_rate": _share(count["concluded_appointments"] + count["warm_leads"], talks),
        "sales_per_appointment": _share(count["sales"], appointments),
        "show_rate": _share(count["honoured"], count["honoured"] + count["no_shows"]),
        "sales_per_honoured": _share(count["sales"], count["honoured"]),
        "forced_rate": _share(count["forced"] + count["irrelevant"], count["judged"]),
        "abandon_rate": _share(count["abandoned"], count["human_answered"]),
        "calls_per_staffed_hour": ratio(count["calls"], 0),
        "conversations_per_staffed_hour": ratio(talks, 0),
    }


def _share(above: int, below: int) -> dict[str, Any]:
    """A share with its 95 % Wilson interval, where it has one."""
    found = {"value": above / below if below else None, "numerator": above, "denominator": below}
    if not below or above > below:
        return found | {"low": None, "high": None}
    z = 1.959963984540054
    p, scale = above / below, 1 + z * z / below
    middle = p + z * z / (2 * below)
    reach = z * sqrt(p * (1 - p) / below + (z / (2 * below)) ** 2)
    return found | {"low": max(0.0, (middle - reach) / scale), "high": min(1.0, (middle + reach) / scale)}
