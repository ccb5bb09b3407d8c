"""Which hours can be recounted."""

from dataclasses import dataclass

from processors.times import parse_time


@dataclass(frozen=True, slots=True)
class Whole:
    """The hours whose facts are all still there: those that begin at ``from_us`` or later; all of them where None."""

    from_us: int | None = None

    def holds(self, hour_us: int) -> bool:
        """Whether an hour (its start, microseconds) can be recounted."""
        return self.from_us is None or hour_us >= self.from_us

    def holds_name(self, hour_start: str) -> bool:
        """The same for an hour as keys name it; what names no hour can be judged too: it should not be there."""
        try:
            return self.holds(parse_time(hour_start))
        except ValueError:
            return True
