"""A tally: the numbers of one part of a page, of a page, or of a roll-up; tallies add up."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from operator import add, sub

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

    @property
    def is_zero(self) -> bool:
        """Nothing at all was counted."""
        return not (any(self.counts) or self.talk_us or self.amounts)


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

    def add(self, other: PackedTally) -> None:
        """Adds the numbers of a packed tally; one with more slots makes this one longer."""
        self._join(other, 1)

    def subtract(self, other: PackedTally) -> None:
        """Takes the numbers of a packed tally, added before, out again."""
        self._join(other, -1)

    def _join(self, other: PackedTally, sign: int) -> None:
        operation = add if sign == 1 else sub
        self.counts = list(map(operation, self.counts, other.counts))
        self.talk_us += sign * other.talk_us
        if len(self.slots) == len(other.slots):
            self.slots = list(map(operation, self.slots, other.slots))
        else:
            self._join_unlike_slots(other.slots, sign)
        for currency, amount in (other.amounts or {}).items():
            self.add_amount(currency, Decimal(amount), sign)

    def resize(self, slots: int) -> None:
        """Gives every row ``slots`` slots: zeros are appended, and what is cut off must be zeros."""
        size = len(self.slots) // 3
        if size != slots:
            rows = (self.slots[row * size : (row + 1) * size] for row in range(3))
            self.slots = [row[place] if place < size else 0 for row in rows for place in range(slots)]

    def _join_unlike_slots(self, slots: list[int], sign: int) -> None:
        """A short hour beside a full one: its slots are the first of the longer."""
        theirs = len(slots) // 3
        self.resize(max(theirs, len(self.slots) // 3))
        mine = len(self.slots) // 3
        for row in range(3):
            for place in range(theirs):
                self.slots[row * mine + place] += sign * slots[row * theirs + place]

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
        summed.add(tally.packed())
    return summed
