"""What becomes of an appointment: confirmed, moved, honoured, missed or cancelled, judged by the sales team, sold."""

from random import Random
from typing import Any

from streams.simulator.calls import Attempt
from streams.simulator.plan import APPOINTMENTS, SALES, Plan, Said, again, text

_KEYED_LATER = 0.12
_SELLERS = 6


def appointment_facts(plan: Plan, attempt: Attempt, number: int, written_us: int, luck: Random) -> list[Said]:
    """The appointment that a call won, at each of its states; one in eight is only typed in the next hour."""
    later = luck.random() < _KEYED_LATER
    booked_us = plan.after(written_us, luck.uniform(2400, 4200)) if later else written_us
    meets_us = plan.days_after(booked_us, luck.uniform(1.5, 6))
    fact = attempt.reference() | {
        "appointment_id": f"{plan.run_id}-a{attempt.operator.number + 1:02d}-{number}",
        "booked_at": text(booked_us),
        "scheduled_for": text(meets_us),
        "seller_id": f"seller-{1 + luck.randrange(_SELLERS)}",
    }
    said = [Said(booked_us, APPOINTMENTS, fact, "late" * later)]
    if luck.random() < 0.03:
        return [*said, again(said[-1], plan.days_after(booked_us, luck.uniform(0.1, 1)), "void", voided=True)]
    if luck.random() < 0.6:
        said.append(again(said[-1], plan.days_after(booked_us, luck.uniform(0.2, 1.4)), "", status="confirmed"))
    if luck.random() < 0.1:
        meets_us = plan.days_after(meets_us, luck.uniform(1, 3))
        moved = {"status": "rescheduled", "scheduled_for": text(meets_us)}
        said.append(again(said[-1], plan.days_after(booked_us, 1.45), "", **moved))
    return _meeting(plan, attempt, said, meets_us, luck)


def _meeting(plan: Plan, attempt: Attempt, said: list[Said], meets_us: int, luck: Random) -> list[Said]:
    """The appointment's day, the verdict, and the sale."""
    pressure = min(attempt.operator.pressure, 3)
    status = luck.choices(("honoured", "no_show", "cancelled"), (70, 16 * pressure, 10))[0]
    said.append(again(said[-1], plan.days_after(meets_us, luck.uniform(0.02, 0.2)), "", status=status))
    if status != "honoured":
        return said
    quality = luck.choices(("sound", "forced", "irrelevant"), (80, 9 * pressure, 6))[0]
    if luck.random() < 0.85:
        said.append(again(said[-1], plan.days_after(meets_us, luck.uniform(0.3, 1)), "", quality=quality))
    if luck.random() < (0.4 if quality == "sound" else 0.04):
        said += _sale(plan, attempt, said[0], plan.days_after(meets_us, luck.uniform(0.5, 6)), luck)
    return said


def _sale(plan: Plan, attempt: Attempt, booking: Said, closed_us: int, luck: Random) -> list[Said]:
    fact: dict[str, Any] = attempt.reference() | {
        "sale_id": booking.fact["appointment_id"].replace("-a", "-s"),
        "appointment_id": booking.fact["appointment_id"],
        "booked_at": booking.fact["booked_at"],
        "seller_id": booking.fact["seller_id"],
        "closed_at": text(closed_us),
        "amount": _amount(attempt.campaign.price, luck),
        "currency": attempt.campaign.currency,
    }
    said = [Said(plan.days_after(closed_us, 0.01), SALES, fact)]
    draw = luck.random()
    if draw < 0.05:
        amount = _amount(attempt.campaign.price, luck)
        said.append(again(said[0], plan.days_after(closed_us, 1), "correction", amount=amount))
    elif draw < 0.08:
        said.append(again(said[0], plan.days_after(closed_us, 2), "void", voided=True))
    return said


def _amount(price: int, luck: Random) -> str:
    return f"{round(price * luck.lognormvariate(0, 0.3))}.{luck.choice(('00', '50', '90'))}"
