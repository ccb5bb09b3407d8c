"""Sums of tallies: all numbers of a tally side by side in one integer, so that one addition adds them all.

Counts and talk have lanes of 64 bits each, the counts of five minutes have 32. Lanes hold counts of things, so they
never fall below zero as long as only what was added is taken out again, and then no lane borrows from the next: adding
and subtracting whole integers is exact. Taking one owner's contribution out of a roll-up and putting the next one in
costs a tenth of what lists cost.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping
from decimal import Decimal

from processors.hours import SLOT_US
from processors.tally import PackedTally, Tally
from processors.times import HOUR_US
from schemas.kpis import COUNT_NAMES

MOST_SLOTS = HOUR_US // SLOT_US
_COUNTS = len(COUNT_NAMES)
_WIDE_BYTES = 8 * (_COUNTS + 1)
_BYTES = _WIDE_BYTES + 4 * 3 * MOST_SLOTS

Amounts = Mapping[str, str]


def to_lanes(tally: PackedTally) -> int:
    """Counts, talk in microseconds, and three rows of slots, each row filled up to a full hour."""
    slots = tally.slots
    size = len(slots) // 3
    if size != MOST_SLOTS:
        rest = [0] * (MOST_SLOTS - size)
        slots = [*slots[:size], *rest, *slots[size : 2 * size], *rest, *slots[2 * size :], *rest]
    wide, narrow = array("Q", [*tally.counts, tally.talk_us]), array("I", slots)
    return int.from_bytes(wide.tobytes() + narrow.tobytes(), sys.byteorder)


class Sum:
    """A running sum of tallies; ``amounts`` of money by currency are kept beside the lanes, since they are rare."""

    __slots__ = ("_lanes", "_money")

    def __init__(self) -> None:
        self._lanes = 0
        self._money = Tally(0)

    def change(self, lanes: int, added: Iterable[Amounts], removed: Iterable[Amounts]) -> None:
        """Adds ``lanes`` (a difference of tallies' lanes, so it may be negative) and exchanges amounts."""
        self._lanes += lanes
        for amounts in added:
            for currency, amount in amounts.items():
                self._money.add_amount(currency, Decimal(amount))
        for amounts in removed:
            for currency, amount in amounts.items():
                self._money.add_amount(currency, Decimal(amount), -1)

    def tally(self, slots: int) -> Tally:
        """The sum as a tally of an hour of so many slots."""
        lanes, wide, narrow = self._lanes.to_bytes(_BYTES, sys.byteorder), array("Q"), array("I")
        wide.frombytes(lanes[:_WIDE_BYTES])
        narrow.frombytes(lanes[_WIDE_BYTES:])
        tally = Tally(0)
        tally.counts = wide[:_COUNTS].tolist()
        tally.talk_us = wide[_COUNTS]
        rows = (row * MOST_SLOTS for row in range(3))
        tally.slots = [slot for first in rows for slot in narrow[first : first + slots]]
        tally.amounts = self._money.amounts
        return tally
