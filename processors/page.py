"""The page: one owner's hour as a map from a fact's identity to its highest-versioned statement.

Accepting a statement keeps the greater version; merging two pages keeps the greater per identity. That is a join:
associative, commutative, idempotent. So replays, repetition and disorder change nothing.
"""

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

from processors.statements import KIND_OF, AnyStatement, Part

PageKey = tuple[str, int]
"""(owner, hour_us)."""


class Acceptance(IntEnum):
    """What became of a statement offered to a page: the first two changed it. An integer, so as to count by place."""

    ACCEPTED = 0
    REPLACED = 1
    DUPLICATE = 2
    SUPERSEDED = 3
    CONFLICT = 4


ACCEPTED, REPLACED, DUPLICATE, SUPERSEDED, CONFLICT = Acceptance
"""The same by names of this module: looking them up on the class costs as much as half of an acceptance."""


NO_PARTS: frozenset[Part] = frozenset()
MOST_SHARED = 4
"""Parts of which there is one set for all pages that have the same: of their own, sets took 200 bytes of each page."""


@lru_cache(maxsize=1 << 14)
def _shared(parts: frozenset[Part]) -> frozenset[Part]:
    return parts


class Page:
    """The statements of one owner's hour.

    ``weight`` is the sum of (version + 1) over the statements that stand: it grows with every accepted change and
    depends on nothing but the page's content. ``parts`` are the parts that any accepted statement ever named.
    """

    __slots__ = ("_part", "hour_us", "kinds", "owner", "parts", "weight")

    def __init__(self, owner: str, hour_us: int) -> None:
        self.owner = owner
        self.hour_us = hour_us
        self.kinds: list[dict[str, AnyStatement] | None] = [None, None, None, None, None]
        self.weight = 0
        self.parts: set[Part] | frozenset[Part] = NO_PARTS
        self._part: Part | None = None  # the last one added: most facts of a page share theirs

    @property
    def key(self) -> PageKey:
        """(owner, hour_us)."""
        return self.owner, self.hour_us

    def accept(self, statement: AnyStatement) -> Acceptance:
        """Joins one statement into the page; of two with one version, the first stands."""
        kind = KIND_OF[type(statement)]
        book = self.kinds[kind]
        if book is None:
            book = self.kinds[kind] = {}
        standing = book.get(statement.id)
        acceptance = ACCEPTED
        if standing is None:
            book[statement.id] = statement
            self.weight += statement.version + 1
        elif statement.version > standing.version:
            self.weight += statement.version - standing.version
            book[standing.id] = statement
            acceptance = REPLACED
        elif statement.version < standing.version:
            return SUPERSEDED
        else:
            return DUPLICATE if statement == standing else CONFLICT
        part = statement.part
        if part is not self._part:
            self.name_part(part)
        return acceptance

    def name_part(self, part: Part) -> None:
        """A statement of this part was once accepted."""
        self._part = part
        if part not in self.parts:
            parts = self.parts
            if isinstance(parts, set):
                parts.add(part)
            else:
                self.parts = _shared(parts | {part}) if len(parts) < MOST_SHARED else {*parts, part}

    def merge(self, other: "Page") -> None:
        """Joins another page of the same key into this one."""
        for statement in other.statements():
            self.accept(statement)
        for part in other.parts:
            self.name_part(part)

    def statements(self) -> Iterator[AnyStatement]:
        """Every statement that stands, by kind in the contract's order."""
        for book in self.kinds:
            if book:
                yield from book.values()

    def standing(self, kind: int, identity: str) -> AnyStatement | None:
        """The statement of a kind and identity, None where there is none."""
        book = self.kinds[kind]
        return None if book is None else book.get(identity)

    def __len__(self) -> int:
        return sum(len(book) for book in self.kinds if book)
