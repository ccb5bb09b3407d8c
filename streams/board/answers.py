"""The wall's JSON, made once per round and site however many browsers ask for it."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from streams.board.alerts import Firing
from streams.board.assemble import assemble
from streams.board.wall import Wall
from streams.board.watch import Watch

FRESH_US = 500_000
"""An answer is given again for this long, as long as no round came between."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The wall at `made_us`, as JSON; `numbers` is the part whose change is news: all but what moves with the clock."""

    made_us: int
    turns: int
    body: bytes
    numbers: bytes


class Answers:
    """Answers by site asked for; None stands for no site named."""

    def __init__(self, watch: Watch, firing: Firing, now_us: Callable[[], int]) -> None:
        self.watch = watch
        self.firing = firing
        self.now_us = now_us
        self._made: dict[str | None, Answer] = {}

    def answer(self, site: str | None) -> Answer:
        """The wall of now."""
        now, turns = self.now_us(), self.watch.turns
        made = self._made.get(site)
        if made is not None and made.turns == turns and 0 <= now - made.made_us < FRESH_US:
            return made
        if made is None or made.turns != turns:
            # Sites are named by whoever asks: what nobody asks for any more is not kept.
            self._made = {key: kept for key, kept in self._made.items() if kept.turns == turns}
        wall = assemble(self.watch.rounds.holdings, site, now)
        wall = msgspec.structs.replace(wall, alerts=self.firing.of_site(wall.site.id))
        answer = Answer(now, turns, msgspec.json.encode(wall), _numbers(wall))
        self._made[site] = answer
        return answer


def _numbers(wall: Wall) -> bytes:
    fresh = msgspec.structs.replace(wall.freshness, updated=None, lag=0, last_fact=None)
    hour = msgspec.structs.replace(wall.hour, calls_pace=None, conversations_pace=None)
    return msgspec.json.encode(msgspec.structs.replace(wall, now="", as_of="", freshness=fresh, hour=hour))
