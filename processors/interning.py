"""Equal numbers as one object: what pages keep of a million calls repeats the same seconds and the same lengths."""

PLACES = 8192
"""A power of two: an hour of seconds twice over, or a quarter of an hour of tenths."""


class Interned:
    """The numbers that came last, one for each place; ``grain`` is the step in which most of them come.

    Numbers that differ by less than the grain may share a place, and so may those that are far apart. The one that came
    last has it; both are right, they are only not shared. An int of CPython takes 32 bytes.
    """

    def __init__(self, grain: int) -> None:
        self._grain, self._places = grain, PLACES
        self._numbers: list[int] = [0] * PLACES

    def one(self, number: int) -> int:
        """An int that equals ``number``, which fits into 64 bits."""
        place = number // self._grain % self._places
        found = self._numbers[place]
        known = found  # compiled, a C number: compared without an object
        if known != number:
            found = self._numbers[place] = number
        return found


def times() -> Interned:
    """For times of facts, in microseconds: dialers tell whole seconds."""
    return Interned(1_000_000)


def talks() -> Interned:
    """For seconds of talk, in microseconds: dialers tell tenths at most."""
    return Interned(100_000)
