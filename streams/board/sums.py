"""Sums over records, and rates of sums: numerators and denominators are added, rates never averaged."""

from collections.abc import Iterable

from processors import rates
from processors.kpis import KPIS, Kpi
from schemas.kpis import COUNT_NAMES, Counts
from streams.board.wall import TOO_FEW, Number, Ratio

_BY_NAME: dict[str, Kpi] = {kpi.name: kpi for kpi in KPIS}


class Sum:
    """Counts and talk time added up over any number of records."""

    __slots__ = ("counts", "talk_seconds")

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(COUNT_NAMES, 0)
        self.talk_seconds = 0.0

    @classmethod
    def over(cls, parts: Iterable[tuple[Counts, float]]) -> "Sum":
        """The sum of (counts, talk seconds)."""
        total = cls()
        for counts, talk_seconds in parts:
            total.talk_seconds += talk_seconds
            for name in COUNT_NAMES:
                total.counts[name] += getattr(counts, name)
        return total

    def __getitem__(self, count: str) -> int:
        return self.counts[count]

    def ratio(self, name: str) -> Ratio:
        """A rate of the registry over this sum; not for those per hour, which need a length of time."""
        kpi = _BY_NAME[name]
        return ratio(
            self._term(kpi.numerator),
            self._term(kpi.denominator),
            is_share=kpi.is_share,
        )

    def _term(self, term: str) -> Number:
        if term == "talk_seconds":
            return round(self.talk_seconds, 6)
        return sum(self.counts[count] for count in term.split("+"))


def ratio(numerator: Number, denominator: Number, *, is_share: bool = True) -> Ratio:
    """A quotient with its parts, as the records have it, and whether it rests on too few cases."""
    rate = rates.share(int(numerator), int(denominator)) if is_share else rates.ratio(numerator, denominator)
    return Ratio(
        rate.value,
        rate.numerator,
        rate.denominator,
        rate.low,
        rate.high,
        denominator < TOO_FEW,
    )
