"""One operator's shift, a turn at a time: dial, speak, write up, pause."""

from random import Random
from typing import Any

from streams.simulator import shape
from streams.simulator.appointments import appointment_facts
from streams.simulator.calls import Attempt, call_fact, spoken, unanswered, unstaffed
from streams.simulator.conclusions import conclude, conversation_facts, wrap_up_seconds
from streams.simulator.people import Campaign, Operator, Staff
from streams.simulator.plan import CALLS, PRESENCE, Plan, Said, again, text

_AWAY = 0.15
_CORRECTED, _VOIDED = 0.015, 0.004


class Shift:
    """What an operator does from the shift's beginning on; nothing but the plan's seed decides it."""

    def __init__(self, plan: Plan, staff: Staff, operator: Operator) -> None:
        self._plan = plan
        self._staff = staff
        self._operator = operator
        self._luck = Random(f"{plan.seed}/shift/{operator.number}")
        self._calls = 0
        self._appointments = 0
        self._state_us = 0
        self.begins_us = plan.after(plan.shift_us, self._luck.uniform(1, 240))
        self._pause_us = plan.after(self.begins_us, self._luck.uniform(3000, 7000))

    def turn(self, us: int) -> tuple[list[Said], int]:
        """What the operator says from ``us`` on until the next turn, and when that is. Nothing in it is due before."""
        said: list[Said] = []
        if us == self.begins_us:
            said.append(self._state(us, "available"))
        lunch = shape.lunch_left(self._plan.elapsed(us), self._operator.team.number)
        if lunch > 0 or us >= self._pause_us:
            return self._pause(us, said, lunch)
        campaign = self._campaign(us)
        haste = self._operator.tempo * shape.busyness(self._plan.elapsed(us)) * self._plan.mood(self._operator, us)
        if self._luck.random() < 0.012:
            attempt = self._spoken(campaign, self._wait(us, 20, haste), inbound=True)
        elif campaign.predictive:
            attempt = self._predictive(said, campaign, us, haste)
        else:
            attempt = self._manual(campaign, us, haste)
        return said, self._write_up(said, attempt)

    def _pause(self, us: int, said: list[Said], lunch: float) -> tuple[list[Said], int]:
        # Lunch is by the floor's clock, which no tempo changes.
        back_us = us + (round(lunch) + 1) * 1_000_000 if lunch else self._plan.after(us, self._luck.uniform(240, 600))
        self._pause_us = self._plan.after(back_us, self._luck.uniform(4000, 7000))
        reason = "lunch" if lunch else "break"
        said += [self._state(us, "paused", reason), self._state(back_us, "available")]
        return said, self._plan.after(back_us, 1)

    def _campaign(self, us: int) -> Campaign:
        """The team's own most of the time; now and then, for an hour, another."""
        block = int(self._plan.elapsed(us) // 3600)
        luck = Random(f"{self._plan.seed}/campaign/{self._operator.number}/{block}")
        return luck.choice(self._staff.campaigns) if luck.random() < _AWAY else self._operator.team.home

    def _wait(self, us: int, mean: float, haste: float) -> int:
        return self._plan.after(us, 2 + self._luck.expovariate(1) * mean / haste)

    def _predictive(self, said: list[Said], campaign: Campaign, us: int, haste: float) -> Attempt:
        """The dialer calls ahead at an even pace until somebody answers; what nobody took is the campaign's own."""
        reach = min(campaign.reach * shape.reach(self._plan.elapsed(us)), 0.9)
        dialled_us = self._plan.after(us, 2)
        while True:
            dialled_us = self._plan.after(dialled_us, self._luck.expovariate(1) * 26 * reach / haste)
            if self._luck.random() <= reach:
                return self._spoken(campaign, dialled_us)
            attempt = unstaffed(self._plan, self._operator, campaign, dialled_us, self._call_id(), self._luck)
            said.append(call_fact(self._plan, attempt, self._luck))

    def _manual(self, campaign: Campaign, us: int, haste: float) -> Attempt:
        """The operator dials one number after the other."""
        dialled_us = self._wait(us, 14, haste)
        reach = campaign.reach * shape.reach(self._plan.elapsed(us)) * self._plan.mood(self._operator, us)
        if self._luck.random() < min(reach, 0.9):
            return self._spoken(campaign, dialled_us)
        return unanswered(self._plan, self._operator, campaign, dialled_us, self._call_id(), self._luck)

    def _spoken(self, campaign: Campaign, us: int, inbound: bool = False) -> Attempt:
        return spoken(self._plan, self._operator, campaign, us, self._call_id(), self._luck, inbound)

    def _write_up(self, said: list[Said], attempt: Attempt) -> int:
        """The call, its conclusion and what follows from it; returns when the operator is free again."""
        call = call_fact(self._plan, attempt, self._luck)
        said.append(call)
        if attempt.talk is None:
            return attempt.ended_us
        said.append(self._state(attempt.answered_us or attempt.started_us, "on_call"))
        outcome = conclude(attempt, self._luck)
        if outcome is None:
            said.append(self._state(attempt.ended_us, "available"))
            self._second_thoughts(said, [call])
            return self._plan.after(attempt.ended_us, 1)
        written_us = self._plan.after(attempt.ended_us, wrap_up_seconds(attempt, outcome, self._luck))
        said += [self._state(attempt.ended_us, "wrap_up"), self._state(written_us, "available")]
        conversation = conversation_facts(self._plan, attempt, outcome, written_us, self._luck)
        if outcome == "appointment":
            said += self._appointment(attempt, conversation, written_us)
        else:
            said += conversation
            self._second_thoughts(said, [call, conversation[-1]])
        return self._plan.after(written_us, 1)

    def _appointment(self, attempt: Attempt, conversation: list[Said], written_us: int) -> list[Said]:
        """Known by the conclusion, by a fact of its own, or, mostly, by both."""
        self._appointments += 1
        known_by = self._luck.choices(("both", "conclusion", "fact"), (70, 15, 15))[0]
        facts = appointment_facts(self._plan, attempt, self._appointments, written_us, self._luck)
        return (conversation if known_by != "fact" else []) + (facts if known_by != "conclusion" else [])

    def _second_thoughts(self, said: list[Said], last: list[Said]) -> None:
        """Now and then a call is corrected, or withdrawn together with its conversation."""
        call, draw = last[0], self._luck.random()
        due_us = self._plan.after(max(each.due_us for each in last), self._luck.uniform(10, 900))
        if draw < _VOIDED:
            said += [again(each, due_us, "void", voided=True) for each in last]
        elif draw < _VOIDED + _CORRECTED and call.topic == CALLS:
            talk = round(call.fact["talk_seconds"] * self._luck.uniform(0.5, 1), 3)
            said.append(again(call, due_us, "correction", talk_seconds=talk, answered_by="human"))

    def _state(self, us: int, state: str, reason: str | None = None) -> Said:
        # An instant names a state: two of one operator never share it.
        self._state_us = max(us, self._state_us + 1000)
        team = self._operator.team
        fact: dict[str, Any] = {"operator_id": self._operator.id, "team_id": team.id, "site_id": team.site_id}
        fact |= {"since": text(self._state_us), "state": state} | ({"reason": reason} if reason else {})
        return Said(self._plan.after(self._state_us, self._luck.uniform(0.05, 0.5)), PRESENCE, fact)

    def _call_id(self) -> str:
        self._calls += 1
        return f"{self._plan.run_id}-c{self._operator.number + 1:02d}-{self._calls}"
