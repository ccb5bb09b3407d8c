"""Waits until the workers have folded, written and committed what the logs hold."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from kafka.errors import KafkaError

from streams.broker.clients import open_admin
from streams.broker.refusals import refusal
from streams.errors import UserError
from streams.recount.logs import Offsets, Place
from streams.settings import Settings

Tell = Callable[[str], None]

POLL_S = 0.1
TELL_EVERY_S = 3.0


class Commits:
    """The consumer group's commits. ``patience_s``: how long the lag may stand still before the wait is given up."""

    def __init__(self, settings: Settings, patience_s: float, tell: Tell) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._tell = tell
        self._admin: Any = open_admin(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._admin.close()

    def lags(self, starts: Offsets, ends: Offsets) -> dict[Place, int]:
        """Records not committed yet, of those that are still in the logs; partitions without any are left out."""
        group = self._settings.group
        try:
            found = self._admin.list_group_offsets(group).get(group, {})
        except KafkaError as error:
            raise refusal(self._settings, error, f"commits of group {group}") from None
        committed = {(tp.topic, tp.partition): entry.offset for tp, entry in found.items()}
        lags = {}
        for place, end in ends.items():
            position = committed.get((self._settings.topic(place.topic), place.partition), -1)
            lags[place] = end - max(position, starts[place])
        return {place: lag for place, lag in lags.items() if lag > 0}

    def wait(self, starts: Offsets, ends: Offsets) -> None:
        """Returns once the commits have passed ``ends``. Raises UserError where the lag no longer shrinks."""
        least, moved, told = None, time.monotonic(), time.monotonic()
        while lags := self.lags(starts, ends):
            now, left = time.monotonic(), sum(lags.values())
            if least is None or left < least:
                least, moved = left, now
            elif now - moved > self._patience_s:
                raise self._stuck(lags, ends)
            if now - told > TELL_EVERY_S:
                told = now
                self._tell(f"waiting for the worker: {left:,} records to go")
            time.sleep(POLL_S)

    def members(self) -> int:
        """How many workers the group has."""
        group = self._settings.group
        try:
            return len(self._admin.describe_groups([group])[group]["members"])
        except (KafkaError, KeyError):
            return 0

    def _stuck(self, lags: dict[Place, int], ends: Offsets) -> UserError:
        place, lag = max(lags.items(), key=lambda entry: entry[1])
        behind = f"{sum(lags.values()):,} records are not taken yet"
        where = f"{self._settings.topic(place.topic)} partition {place.partition}: {lag:,} before {ends[place]:,}"
        if not self.members():
            what = f"no worker is in group {self._settings.group}; start one with dialpulse worker"
        else:
            what = "the worker does not get on; look at its log and at dialpulse doctor"
        waited = f"for {self._patience_s:.0f} s"
        return UserError(f"{behind} and none was {waited} ({where}): {what}", exit_code=1)
