"""Conversation rules: which calls count as conversations. The market has no one definition, so a rule has a name."""

import re

from processors.times import SECOND_US

_NAME = re.compile(r"(?:(outcome-or-talk|talk)-(0|[1-9][0-9]{0,4})s|(outcome|human-answered))", re.ASCII)


class UnknownRule(ValueError):
    """A text names no conversation rule; says which there are."""


class ConversationRule:
    """One rule, by its name as every record carries it. ``least_talk_us``: the talk that it asks for, None for none."""

    __slots__ = ("by_human_answer", "least_talk_us", "name", "talk_alone")

    def __init__(
        self, name: str, least_talk_us: int | None, by_human_answer: bool = False, talk_alone: bool = False
    ) -> None:
        self.name = name
        self.least_talk_us = least_talk_us
        self.by_human_answer = by_human_answer
        self.talk_alone = talk_alone

    def holds(self, concluded: bool, answered_by: str | None, talk_us: int | None) -> bool:
        """Whether a call that stands is a conversation.

        ``concluded``: an operator's conclusion other than ``unclassified`` stands; it outranks machine detection.
        ``talk_us``: talk in microseconds, None where unknown. An absent or unknown ``answered_by`` is no machine.
        """
        if self.by_human_answer:
            return concluded or answered_by == "human"
        if self.least_talk_us is None:
            return concluded
        talked = talk_us is not None and talk_us >= self.least_talk_us
        if self.talk_alone:
            return talked and (concluded or answered_by != "machine")
        return concluded or (talked and answered_by != "machine")


def rule_named(name: str) -> ConversationRule:
    """The rule of a name: ``outcome-or-talk-<n>s``, ``outcome``, ``human-answered`` or ``talk-<n>s``, n in seconds."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownRule(
            f"{name!r} is no conversation rule; there are outcome-or-talk-20s (any number of seconds), outcome, "
            "human-answered and talk-60s (any number)"
        )
    form, seconds, _ = match.groups()
    if form is None:
        return ConversationRule(name, None, by_human_answer=name == "human-answered")
    return ConversationRule(name, int(seconds) * SECOND_US, talk_alone=form == "talk")
