"""Tells lasting differences from those of the moment: Redis lags, and facts come while one counts."""

from dataclasses import dataclass, field

from streams.recount.comparing import Finding
from streams.recount.report import Difference

Entry = tuple[str, str]
"""(place, key)."""


@dataclass(frozen=True, slots=True)
class Round:
    """One comparison: what differs, and every entry that was looked at."""

    findings: list[Finding]
    seen: set[Entry]


@dataclass
class Settling:
    """Rounds so far. A difference lasts while the same entry has the same in the same field, for ``look_again_s``.

    ``differences``: those that lasted. ``moving``: entries that differed in the last round, otherwise than before, and
    in every round that saw them.
    """

    look_again_s: float
    within_s: float
    differences: list[Difference] = field(default_factory=list)
    moving: list[Entry] = field(default_factory=list)
    _began: float | None = None
    _since: dict[tuple[str, str, str, str], float] = field(default_factory=dict)
    _agreed: set[Entry] = field(default_factory=set)

    def is_over(self, found: Round, now: float) -> bool:
        """Takes a round at ``now`` (seconds of any clock); whether another would tell nothing new."""
        if self._began is None:
            self._began = now
        differences = {_thing(finding.difference): finding.difference for finding in found.findings}
        self._since = {thing: self._since.get(thing, now) for thing in differences}
        self._agreed |= found.seen - {thing[:2] for thing in differences}
        is_late = now - self._began >= self.within_s
        lasting = {thing for thing, since in self._since.items() if now - since >= self.look_again_s}
        self.differences = sorted(differences[thing] for thing in lasting)
        passing = differences.keys() - lasting
        self.moving = sorted({thing[:2] for thing in passing} - self._agreed)
        # What agreed before and differs now has moved on, if it does not last.
        return not passing or is_late or (not self.moving and not self._may_last(passing, now))

    def _may_last(self, passing: set[tuple[str, str, str, str]], now: float) -> bool:
        return any(now > self._since[thing] for thing in passing)


def _thing(difference: Difference) -> tuple[str, str, str, str]:
    return difference.place, difference.key, difference.field, difference.have
