"""A tally: the numbers of one part of a page, of a page, or of a roll-up; tallies add up."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from operator import add

import msgspec

from processors.fields import money_text
from schemas.kpis import COUNT_NAMES, Counts

ZEROS = (0,) * len(COUNT_NAMES)


class PackedTally(msgspec.Struct, array_like=True, gc=False):
    """A tally as contributions carry it: counts in the contract's order, talk in microseconds, slots end to end."""

    counts: list[int]
    talk_us: int
    slots: list[int]
    amounts: dict[str, str] | None = None


class Tally:
    """Running numbers.

    ``counts`` (24, contract order), ``talk_us`` microseconds, ``slots``: calls, conversations and appointments by five
    minutes, ``amounts`` by currency (only those with a sale: a currency leaves with its last sale).
    """

    __slots__ = ("amounts", "counts", "sales_in", "slots", "talk_us")

    def __init__(self, slots: int) -> None:
        self.counts: list[int] = list(ZEROS)
        self.talk_us = 0
        self.slots: list[int] = [0] * (3 * slots)
        self.amounts: dict[str, Decimal] | None = None
        self.sales_in: dict[str, int] | None = None

    def add(self, other: "Tally") -> None:
        """Adds another part of the same hour."""
        self.counts = list(map(add, self.counts, other.counts))
        self.talk_us += other.talk_us
        self.slots = list(map(add, self.slots, other.slots))
        for currency, amount in (other.amounts or {}).items():
            self.add_amount(currency, amount)

    def add_amount(self, currency: str, amount: Decimal, sign: int = 1) -> None:
        """Adds (or takes out) one contributor's amount in one currency."""
        if self.amounts is None or self.sales_in is None:
            self.amounts, self.sales_in = {}, {}
        with localcontext() as exact:
            exact.prec = 60
            self.amounts[currency] = self.amounts.get(currency, Decimal(0)) + sign * amount
        self.sales_in[currency] = self.sales_in.get(currency, 0) + sign
        if not self.sales_in[currency]:
            del self.sales_in[currency], self.amounts[currency]

    @property
    def is_zero(self) -> bool:
        """Nothing at all was counted."""
        return not (any(self.counts) or self.talk_us or self.amounts)

    def packed(self) -> PackedTally:
        """The numbers as contributions carry them; shares this tally's lists, so encode it before the next count."""
        return PackedTally(self.counts, self.talk_us, self.slots, self.amount_texts() or None)

    def amount_texts(self) -> dict[str, str]:
        """Decimal text by currency, in the order of their codes."""
        if not self.amounts:
            return {}
        return {currency: money_text(self.amounts[currency]) for currency in sorted(self.amounts)}

    def as_counts(self) -> Counts:
        """The counts by name."""
        return Counts(*self.counts)


def total(tallies: Iterable[Tally], slots: int) -> Tally:
    """The sum of several tallies."""
    summed = Tally(slots)
    for tally in tallies:
        summed.add(tally)
    return summed
