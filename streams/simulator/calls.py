"""Call attempts: who was dialled when, who answered, how long both spoke."""

from dataclasses import dataclass
from random import Random
from typing import Any

from streams.simulator.people import Campaign, Operator
from streams.simulator.plan import CALLS, Plan, Said, text

LATENCY_SECONDS = (0.1, 1.2)
"""How long a dialer takes to state what has happened."""

_DELAYED = 0.02
_ABANDONED = 0.006
"""Of a predictive dialer's spare attempts: under two of a hundred calls that people answer; three are allowed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. Instants in microseconds; ``answered_by`` None: nobody; ``talk`` in seconds, None where unknown."""

    call_id: str
    operator: Operator
    campaign: Campaign
    started_us: int
    answered_us: int | None
    ended_us: int
    answered_by: str | None
    talk: float | None
    staffed: bool = True
    abandoned: bool = False
    inbound: bool = False

    def common(self) -> dict[str, Any]:
        """What all facts of the call repeat; an attempt that no operator took has none."""
        who = {"operator_id": self.operator.id} if self.staffed else {}
        team = self.operator.team
        where = {"campaign_id": self.campaign.id, "team_id": team.id, "site_id": team.site_id}
        return {"call_id": self.call_id, **who, **where, "script_id": self.campaign.script_id}

    def reference(self) -> dict[str, Any]:
        """How other facts name the call."""
        return {**self.common(), "call_started_at": text(self.started_us)}


def call_fact(plan: Plan, attempt: Attempt, luck: Random) -> Said:
    """The dialer's statement once the attempt has ended; one in fifty comes late, behind its own conversation."""
    delay = luck.uniform(25, 120) if luck.random() < _DELAYED else luck.uniform(*LATENCY_SECONDS)
    fact = attempt.common() | {"started_at": text(attempt.started_us), "ended_at": text(attempt.ended_us)}
    if attempt.answered_us is not None:
        fact["answered_at"] = text(attempt.answered_us)
    if attempt.answered_by is not None:
        fact["answered_by"] = attempt.answered_by
    if attempt.talk is not None:
        fact["talk_seconds"] = attempt.talk
    if attempt.abandoned:
        fact["abandoned"] = True
    if attempt.inbound:
        fact["direction"] = "inbound"
    fact["lead_id"] = f"lead-{luck.randrange(10**7):07d}"
    fact["attempt"] = min(1 + int(luck.expovariate(1.2)), 9)
    return Said(plan.after(attempt.ended_us, delay), CALLS, fact)


def unstaffed(plan: Plan, operator: Operator, campaign: Campaign, us: int, call_id: str, luck: Random) -> Attempt:
    """A predictive dialer's attempt that no operator takes: unanswered, answered by a machine, or abandoned."""
    ring_us = plan.after(us, luck.uniform(5, 24))
    draw = luck.random()
    if draw < _ABANDONED:
        end_us = plan.after(ring_us, luck.uniform(2, 6))
        return Attempt(call_id, operator, campaign, us, ring_us, end_us, "human", None, staffed=False, abandoned=True)
    if draw < 0.3:
        end_us = plan.after(ring_us, luck.uniform(1, 4))
        return Attempt(call_id, operator, campaign, us, ring_us, end_us, "machine", None, staffed=False)
    return Attempt(call_id, operator, campaign, us, None, plan.after(ring_us, 4), None, None, staffed=False)


def spoken(
    plan: Plan, operator: Operator, campaign: Campaign, us: int, call_id: str, luck: Random, inbound: bool = False
) -> Attempt:
    """A call that a person answered and an operator took; some hang up at once, some are not recognised as people."""
    answered_us = plan.after(us, luck.uniform(4, 18))
    hangs_up = luck.random() > 0.7 * min(operator.opening, 1.3)
    seconds = luck.uniform(3, 15) if hangs_up else min(luck.lognormvariate(4.3, 0.7), 1500)
    ended_us = plan.after(answered_us, seconds)
    talk = (ended_us - answered_us) / 1e6
    by = luck.choices(("human", "unknown", "machine"), (92, 6, 2))[0]
    return Attempt(call_id, operator, campaign, us, answered_us, ended_us, by, talk, inbound=inbound)


def unanswered(plan: Plan, operator: Operator, campaign: Campaign, us: int, call_id: str, luck: Random) -> Attempt:
    """A call that an operator dialled by hand in vain: nobody, or a machine."""
    ring_us = plan.after(us, luck.uniform(9, 28))
    if luck.random() < 0.22:
        end_us = plan.after(ring_us, luck.uniform(2, 6))
        return Attempt(call_id, operator, campaign, us, ring_us, end_us, "machine", None)
    return Attempt(call_id, operator, campaign, us, None, plan.after(ring_us, 2), None, None)
