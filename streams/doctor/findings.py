"""Findings, and the rule that a check which fails is one itself."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from streams.errors import UserError


class Level(StrEnum):
    """How much a finding matters: ``problem`` keeps numbers from being right or being there."""

    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: ``subject`` in a word, ``what`` was found, ``remedy``: what to do, if anything."""

    level: Level
    subject: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.level:<8} {self.subject:<11} {self.what}"
        return f"{text}; {self.remedy}" if self.remedy else text


def ok(subject: str, what: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, subject, what)


def warn(subject: str, what: str, remedy: str) -> Finding:
    """Worth knowing, and worth a look."""
    return Finding(Level.WARN, subject, what, remedy)


def problem(subject: str, what: str, remedy: str) -> Finding:
    """To be put right."""
    return Finding(Level.PROBLEM, subject, what, remedy)


def attempted(subject: str, remedy: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """The findings of a check; whatever it raises is one more, and ends only this check."""
    try:
        yield from check()
    except UserError as error:
        yield problem(subject, str(error), "")
    except Exception as error:  # noqa: BLE001 - whatever a doctor meets, it reports, and goes on
        words = " ".join(str(error).split())
        kind = type(error).__name__
        yield problem(subject, words if words.startswith(kind) else f"{kind}: {words}", remedy)
