"""Statements in words: what they say, and why they count as they do."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from processors.rules import ConversationRule
from processors.statements import (
    ABANDONED,
    ANSWERED,
    INBOUND,
    AnyStatement,
    AppointmentStatement,
    CallStatement,
    ConversationStatement,
    PresenceStatement,
    SaleStatement,
    unpack_rest,
)
from processors.times import SECOND_US, format_time, to_datetime
from streams.recount.sharing import Share


def local_time(us: int, zone: ZoneInfo) -> str:
    """An instant on a zone's clock, to the second, with its offset: ``2026-11-23 14:05:07+01:00``."""
    return to_datetime(us).astimezone(zone).isoformat(" ", "seconds")


def seconds_text(us: int) -> str:
    """A duration as people write it: ``12.5 s``."""
    return f"{number_text(us / SECOND_US)} s"


def number_text(number: float) -> str:
    """A number with at most six decimals, and none that are zeros."""
    text = f"{number:.6f}"
    return text.rstrip("0").rstrip(".")


def says(statement: AnyStatement) -> dict[str, str]:
    """What a statement says beside its identity and time, by field; absent ones left out. Times are UTC."""
    found = {name: value for name, value in _own(statement) if value}
    for name, value in unpack_rest(statement).items():
        if name.endswith("_after_us"):
            found[name.removesuffix("_us")] = seconds_text(value)
        elif name.endswith("_us"):
            found[name.removesuffix("_us")] = format_time(value)
        else:
            found[name] = str(value)
    places = zip(("site", "team", "campaign"), statement.part, strict=True)
    return found | {name: value for name, value in places if value is not None}


def _own(statement: AnyStatement) -> Iterator[tuple[str, str | None]]:
    if isinstance(statement, CallStatement):
        yield "direction", "inbound" if statement.flags & INBOUND else None
        yield "answered", "yes" if statement.flags & ANSWERED else None
        yield "answered_by", statement.answered_by
        yield "abandoned", "yes" if statement.flags & ABANDONED else None
    elif isinstance(statement, ConversationStatement):
        yield "outcome", statement.outcome
        yield "warm_horizon", statement.warm_horizon
    elif isinstance(statement, AppointmentStatement):
        yield "call_id", statement.call_id
        yield "status", statement.status
        yield "quality", statement.quality
    elif isinstance(statement, SaleStatement):
        yield "amount", None if statement.amount is None else f"{statement.amount} {statement.currency}"
    else:
        yield "state", statement.state
    if isinstance(statement, CallStatement | ConversationStatement) and statement.talk_us is not None:
        yield "talk", seconds_text(statement.talk_us)


def verdict(share: Share, rule: ConversationRule) -> str:
    """How a statement counts, in words. What counts is the fold's to say; here it only gets its reason."""
    statement, adds = share.statement, share.adds
    if statement.voided:
        return "not counted: void"
    if isinstance(statement, PresenceStatement):
        return "kept; staffed time is not counted yet"
    if isinstance(statement, SaleStatement):
        return "a sale"
    if isinstance(statement, AppointmentStatement):
        return f"appointment, {statement.status}" + (f", judged {statement.quality}" if statement.quality else "")
    if isinstance(statement, ConversationStatement):
        return _of_conversation(statement, share, rule)
    if adds.get("inbound"):
        return "inbound call: counted apart, nothing else of it counts"
    if share.together.get("conversations"):
        ground = f"conversation: {_ground(share)}"
        return ground if adds.get("conversations") else "call; the conversation is counted by its conclusion"
    if not adds.get("answered"):
        return "call, not answered"
    kind = "abandoned" if adds.get("abandoned") else "answered"
    return f"{kind}, no conversation: {_why_none(share, rule)}"


def _of_conversation(statement: ConversationStatement, share: Share, rule: ConversationRule) -> str:
    adds, together = share.adds, share.together
    if together.get("inbound"):
        return "not counted: its call is inbound"
    alone = "; its call is not stated, or void: counted as one" if adds.get("calls") else ""
    if not together.get("conversations"):
        return f"answered, no conversation: {_why_none(share, rule)}{alone}"
    text = f"conversation: concluded {statement.outcome}" + (
        f", {statement.warm_horizon}" if statement.warm_horizon else ""
    )
    if statement.outcome == "unclassified":
        text = f"conversation without a conclusion: {_ground(share)}"
    if adds.get("appointments"):
        text += "; appointment by conclusion only"
    elif statement.outcome == "appointment":
        text += "; the appointment is counted by its own fact, or void"
    return text + alone


def _ground(share: Share) -> str:
    talk_us = _talk_us(share)
    return "answered by a person" if talk_us is None else f"{seconds_text(talk_us)} of talk"


def _why_none(share: Share, rule: ConversationRule) -> str:
    """Why an answered call is no conversation under the rule."""
    talk_us = _talk_us(share)
    calls = [one for one in (share.statement, *share.beside) if isinstance(one, CallStatement) and not one.voided]
    if any(call.answered_by == "machine" for call in calls):
        return "answered by a machine, and no conclusion says otherwise"
    if rule.by_human_answer:
        return "not said to be answered by a person, which the rule asks for"
    if rule.least_talk_us is None:
        return "no conclusion, which the rule asks for"
    if talk_us is None:
        return f"talk unknown, and no conclusion; the rule asks for {seconds_text(rule.least_talk_us)}"
    if talk_us < rule.least_talk_us:
        return f"{seconds_text(talk_us)} of talk under the rule's {seconds_text(rule.least_talk_us)}"
    return f"not by the rule {rule.name}"


def _talk_us(share: Share) -> int | None:
    """The talk that counts: the conclusion's, else the call's."""
    told = [one for one in (share.statement, *share.beside) if not one.voided]
    for kind in (ConversationStatement, CallStatement):
        for one in told:
            if isinstance(one, kind) and one.talk_us is not None:
                return one.talk_us
    return None
