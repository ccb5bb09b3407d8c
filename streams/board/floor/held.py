"""What the board has read of each operator, as plain values: today's hours whole, older ones for their verdicts."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from processors.rollup import MAIN_SITE
from schemas.kpis import Counts, Part, Slots


class PersonHour(msgspec.Struct):
    """As much of an operator-hour record as the floor needs: its rates are skipped while decoding."""

    owner: str
    team_id: str | None
    site_id: str | None
    counts: Counts
    talk_seconds: float
    slots: Slots
    campaigns: dict[str, Part]

    @property
    def site(self) -> str:
        """The site whose hour this record adds to."""
        return self.site_id or MAIN_SITE


class Verdicts(msgspec.Struct):
    """The counts of an hour that are looked at long after it."""

    judged: int = 0
    forced: int = 0
    irrelevant: int = 0


class PastPart(msgspec.Struct):
    """A campaign's share of a past hour."""

    counts: Verdicts


class PastHour(msgspec.Struct):
    """What is kept of an hour of another day."""

    counts: Verdicts
    campaigns: dict[str, PastPart]


_PERSON_HOUR = msgspec.json.Decoder(PersonHour)
_PAST_HOUR = msgspec.json.Decoder(PastHour)


@dataclass(slots=True)
class HeldPeople:
    """Records by owner and hour start (us). `versions` counts the changes of each owner's, so that rows are kept."""

    today: dict[str, dict[int, PersonHour]] = field(default_factory=lambda: defaultdict(dict))
    past: dict[str, dict[int, PastHour]] = field(default_factory=lambda: defaultdict(dict))
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _seen: dict[int, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def take(self, hour_us: int, owner: str, value: bytes | None, *, is_today: bool) -> None:
        """Takes over a record as Redis has it; one that is missing, broken or the same changes nothing.

        Missing ones stay: an emptied Redis is being filled again, and hours expire long after they are shown.
        """
        if value is None:
            return
        # Their digest and not the values: of a large floor they would be hundreds of megabytes.
        digest = blake2b(value, digest_size=16).digest()
        if self._seen[hour_us].get(owner) == digest:
            return
        with suppress(msgspec.MsgspecError):
            if is_today:
                self.today[owner][hour_us] = _PERSON_HOUR.decode(value)
            else:
                self.past[owner][hour_us] = _PAST_HOUR.decode(value)
            self._seen[hour_us][owner] = digest
            self.versions[owner] += 1

    def keep(self, today: set[int], past: set[int]) -> None:
        """Forgets hours that are no longer of today, or of the past that is looked at."""
        for hours, kept in ((self.today, today), (self.past, past)):
            for owner in list(hours):
                for hour_us in [hour_us for hour_us in hours[owner] if hour_us not in kept]:
                    del hours[owner][hour_us]
                    self._seen.pop(hour_us, None)
                    self.versions[owner] += 1
                if not hours[owner]:
                    del hours[owner]
