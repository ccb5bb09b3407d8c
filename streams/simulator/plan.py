"""What a simulation is made from, and what it says."""

from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from processors.times import HOUR_US, format_time
from streams.simulator.people import Operator

CALLS, CONVERSATIONS, APPOINTMENTS, SALES, PRESENCE = (
    "dialer.calls.v1",
    "dialer.conversations.v1",
    "dialer.appointments.v1",
    "dialer.sales.v1",
    "dialer.presence.v1",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A floor, determined wholly by these values. Instants in microseconds since the epoch.

    ``run_id`` begins every id of a call, appointment and sale, so that two runs never speak of the same. From
    ``live_us`` on the floor works ``tempo`` times as fast: each wait, talk and write-up is so much shorter.
    ``duplicates`` is the share of facts that are said twice, ``day_seconds`` how long a day takes in the later life of
    appointments and sales, which would otherwise outlast any demo.
    """

    run_id: str
    seed: int
    operators: int
    sites: tuple[str, ...]
    shift_us: int
    live_us: int
    tempo: float = 1.0
    duplicates: float = 0.02
    day_seconds: float = 90.0

    def after(self, us: int, seconds: float) -> int:
        """The instant so many seconds of work later, on a whole millisecond, and at least one later."""
        slow = min(max(self.live_us - us, 0) / 1e6, seconds)
        return us + max(round((slow + (seconds - slow) / self.tempo) * 1000), 1) * 1000

    def days_after(self, us: int, days: float) -> int:
        """The instant so many (short) days later."""
        return us + round(days * self.day_seconds * 1000) * 1000

    def elapsed(self, us: int) -> float:
        """Seconds since the shift began."""
        return (us - self.shift_us) / 1e6

    def mood(self, operator: Operator, us: int) -> float:
        """How an operator's hour goes; around 1.

        Good and bad hours are what makes counts of a real floor noisier than chance alone would.
        """
        hour = (us - self.shift_us) // HOUR_US
        return Random(f"{self.seed}/mood/{operator.number}/{hour}").gammavariate(4, 1 / 4)


class Said(NamedTuple):
    """A fact and the instant at which it is said; ``mark`` tells what is unusual about it."""

    due_us: int
    topic: str
    fact: dict[str, Any]
    mark: str = ""


def again(said: Said, due_us: int, mark: str, **changed: Any) -> Said:
    """A later statement about the same: the next version, with these fields changed."""
    fact = {**said.fact, **changed, "version": said.fact.get("version", 0) + 1}
    return Said(max(due_us, said.due_us + 1000), said.topic, fact, mark)


def text(us: int) -> str:
    """An instant as facts write it."""
    return format_time(us)
