"""How conversations conclude, and how that is written up: now, late, corrected, or not at all."""

from random import Random
from typing import Any

from streams.simulator.calls import Attempt
from streams.simulator.plan import CONVERSATIONS, Plan, Said, again, text

_LATE = 0.05
_CORRECTED = 0.02
_DAY_SECONDS = 86_400


def conclude(attempt: Attempt, luck: Random) -> str | None:
    """The conclusion that the operator comes to; None where nothing is written up."""
    talk_seconds = attempt.talk or 0.0
    if talk_seconds < 15:
        return "refused" if luck.random() < 0.4 else None
    persuasion = attempt.operator.persuasion * attempt.campaign.appeal
    appointment, warm = min(0.1 * persuasion, 0.4), min(0.14 * persuasion, 0.3)
    draws: list[tuple[str | None, float]] = [
        ("appointment", appointment),
        ("warm_lead", warm),
        ("callback", 0.15),
        ("unclassified", 0.05),
        (None, 0.04),
    ]
    left = 1 - sum(weight for _, weight in draws)
    return luck.choices([*(outcome for outcome, _ in draws), "refused"], [*(weight for _, weight in draws), left])[0]


def wrap_up_seconds(attempt: Attempt, outcome: str, luck: Random) -> float:
    """How long the operator writes."""
    return luck.lognormvariate(2.6, 0.5) * attempt.operator.wrap + (40 if outcome == "appointment" else 0)


def conversation_facts(plan: Plan, attempt: Attempt, outcome: str, written_us: int, luck: Random) -> list[Said]:
    """The wrap-up and, now and then, its correction; one in twenty is written up to an hour late."""
    fact: dict[str, Any] = attempt.reference() | {"outcome": outcome}
    if outcome == "warm_lead" and luck.random() < 0.9:
        fact["warm_horizon"] = luck.choices(("short", "medium", "long"), (4, 4, 2))[0]
    if outcome == "callback":
        fact["callback_at"] = text(written_us + round(luck.uniform(0.1, 5) * _DAY_SECONDS) * 1_000_000)
    if attempt.talk is not None and luck.random() < 0.5:
        fact["talk_seconds"] = attempt.talk
    late = luck.random() < _LATE
    said = Said(
        plan.after(written_us, luck.uniform(300, 3300)) if late else written_us, CONVERSATIONS, fact, "late" * late
    )
    if outcome == "appointment" or luck.random() >= _CORRECTED:
        return [said]
    changed = "refused" if outcome == "callback" else "callback"
    correction = again(said, plan.after(said.due_us, luck.uniform(20, 900)), "correction", outcome=changed)
    correction.fact.pop("warm_horizon", None)
    correction.fact.pop("callback_at", None)
    return [said, correction]
