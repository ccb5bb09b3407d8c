"""The shape of the wall's JSON, `/api/board`: every number with what it is made of and the window it is over.

Instants are RFC 3339 text in UTC, durations seconds. The page formats; nothing here is rounded for the eye.
"""

from typing import Literal

import msgspec

TOO_FEW = 10
"""A share over fewer cases than this is shown as its counts, greyed: one case more would move it by ten points."""

Number = int | float


class Window(msgspec.Struct, frozen=True):
    """The stretch [start, end) that a number is over; a running one ends at the answer's `now`."""

    start: str
    end: str


class Ratio(msgspec.Struct, frozen=True):
    """A quotient of sums: `value` is null where the denominator is 0.

    `low` and `high` are the 95 % Wilson interval of a share, null for anything else. `too_few`: the denominator is
    under TOO_FEW, so boards show the counts and no rate.
    """

    value: float | None
    numerator: Number
    denominator: Number
    low: float | None
    high: float | None
    too_few: bool


class Site(msgspec.Struct, frozen=True):
    """What the wall is about. `id` is null where several sites are summed, which are then all of `sites`.

    `mixed_zones`: sites keep different clocks, so they are not summed, and the first is shown until one is chosen.
    `known` is false for a site that was asked for and has no record.
    """

    id: str | None
    time_zone: str
    sites: list[str]
    mixed_zones: bool
    known: bool


class Partitions(msgspec.Struct, frozen=True):
    """How many partitions the pipeline has, and which of them give no sign of life."""

    total: int
    silent: list[int]


class Affected(msgspec.Struct, frozen=True):
    """Of how many operators (of the running and the previous hour) the numbers stand still, and of how many in all."""

    affected: int
    known: int


class Freshness(msgspec.Struct, frozen=True):
    """Whether the numbers can be believed.

    `waiting`: no worker has ever written here. `stale`: `causes` says why, `since` from when on (null: longer than
    the board looks back). `updated` is the oldest of the partitions' last signs of life, so nothing on the page is
    older. `lag` is how many facts wait in Kafka.
    """

    state: Literal["live", "stale", "waiting"]
    causes: list[Literal["redis", "heartbeat"]]
    updated: str | None
    since: str | None
    partitions: Partitions
    operators: Affected
    lag: int
    last_fact: str | None


class Active(msgspec.Struct, frozen=True):
    """Operators with a call or an appointment that began since the start of the last five-minute slot but one."""

    active: int
    since: str


class Slot(msgspec.Struct, frozen=True):
    """Five minutes, by the start of the call."""

    start: str
    calls: int
    conversations: int
    appointments: int
    running: bool


class Rolling(msgspec.Struct, frozen=True):
    """The twelve latest five-minute slots, the running one included."""

    window: Window
    calls: int
    conversations: int
    contact_rate: Ratio
    slots: list[Slot]


class HourSoFar(msgspec.Struct, frozen=True):
    """The running hour. Paces are per hour, null in its first five minutes."""

    window: Window
    calls: int
    conversations: int
    calls_pace: float | None
    conversations_pace: float | None
    mean_conversation_seconds: Ratio
    contact_rate: Ratio


class Today(msgspec.Struct, frozen=True):
    """The site's day so far."""

    window: Window
    calls: int
    conversations: int
    appointments: int
    mean_conversation_seconds: Ratio
    appointment_rate: Ratio
    appointments_per_conversation: Ratio


class Kept(msgspec.Struct, frozen=True):
    """Appointments booked in the hours that Redis keeps for certain: those that ended within its 48 hours.

    An older hour comes back when a sale corrects it, and only then: it would flatter the rate, and is left out.
    """

    window: Window
    appointments: int
    pending: int
    sales_per_appointment: Ratio
    forced_rate: Ratio


class StripHour(msgspec.Struct, frozen=True):
    """One hour of the strip; `empty` where it has no record at all."""

    start: str
    end: str
    running: bool
    empty: bool
    calls: int
    conversations: int
    contact_rate: Ratio


class Conclusion(msgspec.Struct, frozen=True):
    """How many conversations ended so: today with its share, and in the running hour."""

    name: str
    today: Ratio
    hour: int


class Conclusions(msgspec.Struct, frozen=True):
    """The mix, in a fixed order, and the horizons of today's warm leads."""

    rows: list[Conclusion]
    warm_short: int
    warm_medium: int
    warm_long: int


class Alert(msgspec.Struct, frozen=True):
    """An alert that fires, in the words of its rule; `site` is null where it is about none, or about the pipeline."""

    name: str
    text: str
    more: str
    severity: str
    since: str
    site: str | None
    runbook: str | None


class Alerts(msgspec.Struct, frozen=True):
    """What fires: five at most, and how many more. `state` is `off` without Alertmanager, `away` while it is mute."""

    state: Literal["off", "asking", "answers", "away"]
    firing: list[Alert]
    more: int


NO_ALERTS = Alerts("off", [], 0)


class Wall(msgspec.Struct, frozen=True, tag_field="schema", tag="dialpulse.board.v1"):
    """Everything on the wall at the instant `now`, the clock of the board.

    `as_of` is the instant that the numbers are of: `now`, or since when all of them stand still.
    """

    now: str
    as_of: str
    site: Site
    conversation_rule: str | None
    freshness: Freshness
    operators: Active
    rolling: Rolling
    hour: HourSoFar
    today: Today
    kept: Kept
    strip: list[StripHour]
    conclusions: Conclusions
    latest_hour: Window | None
    alerts: Alerts = NO_ALERTS
