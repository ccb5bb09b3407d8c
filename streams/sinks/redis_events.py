"""What the Redis sink tells: for logs and metrics."""

from typing import Protocol


class SinkEvents(Protocol):
    """Whoever listens to a sink."""

    def wrote(self, count: int, seconds: float) -> None:
        """A round trip took ``seconds`` and put ``count`` records of a greater revision into Redis."""

    def away(self, reason: str) -> None:
        """Redis cannot be reached or takes no writes; told again only for another reason."""

    def back(self) -> None:
        """Redis takes writes again; everything unexpired is about to be written."""

    def came_back_empty(self) -> None:
        """Redis had lost its records; everything unexpired is about to be written."""

    def refused(self, count: int, reason: str) -> None:
        """``count`` records failed alone, for a key of the wrong type; they are tried again every second."""


class Unheard:
    """For those who do not listen, or only to some of it."""

    def wrote(self, count: int, seconds: float) -> None:
        """Nothing."""

    def away(self, reason: str) -> None:
        """Nothing."""

    def back(self) -> None:
        """Nothing."""

    def came_back_empty(self) -> None:
        """Nothing."""

    def refused(self, count: int, reason: str) -> None:
        """Nothing."""
