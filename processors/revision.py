"""Revisions: text that grows with every accepted change, and is compared as text in any language."""

from typing import NamedTuple


class Revision(NamedTuple):
    """``GGGG-S-F``: the generation, the weight of the content, and whether it is final. Ordered like its text."""

    generation: int
    weight: int
    is_final: bool

    def text(self) -> str:
        """The revision as records carry it, for instance ``0001-00000000000000000041-0``."""
        return f"{self.generation:04d}-{self.weight:020d}-{self.is_final:d}"
