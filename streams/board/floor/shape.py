"""The shape of the floor's JSON: `/api/floor`, its events, and an operator's day.

Instants are RFC 3339 text in UTC, durations seconds. The page formats; nothing here is rounded for the eye.
"""

import msgspec

from streams.board.wall import Alerts, Freshness, Ratio, Site, Window


class HourCounts(msgspec.Struct, frozen=True):
    """Counts of the running hour: too few for a rate."""

    calls: int
    conversations: int
    appointments: int


class Person(msgspec.Struct, frozen=True):
    """One operator's row.

    `name` is the roster's, null without one; so is `team` where the facts name none. `hour` is the running hour's;
    `calls` to `mean_conversation_seconds` the day's so far; `forced_rate` is over the hours that Redis keeps for
    certain, since verdicts come days later. `last_slot` is the start of the latest five minutes in which a call or an
    appointment of today began. `partition` says which worker answers for the row.
    """

    operator: str
    name: str | None
    team: str | None
    site: str
    hour: HourCounts
    calls: int
    conversations: int
    appointments: int
    contact_rate: Ratio
    appointments_per_conversation: Ratio
    mean_conversation_seconds: Ratio
    forced_rate: Ratio
    last_slot: str | None
    partition: int | None


class Head(msgspec.Struct, frozen=True):
    """What holds for all rows. `campaign` is the one that counts are cut to, null for all.

    `teams` and `campaigns` are those of today, in order.
    """

    now: str
    as_of: str
    site: Site
    conversation_rule: str | None
    freshness: Freshness
    campaign: str | None
    teams: list[str]
    team_names: dict[str, str]
    campaigns: list[str]
    hour: Window
    today: Window
    kept: Window
    alerts: Alerts


class Floor(msgspec.Struct, frozen=True, tag_field="schema", tag="dialpulse.floor.v1"):
    """`/api/floor`: everything, rows in order of operator."""

    head: Head
    rows: list[Person]


class FloorChange(msgspec.Struct, frozen=True, tag_field="schema", tag="dialpulse.floor-change.v1"):
    """An event: the rows that differ from the last one's, and who has gone. `whole`: forget what was before."""

    head: Head
    whole: bool
    rows: list[Person]
    gone: list[str]


class DayHour(msgspec.Struct, frozen=True):
    """One hour of an operator's day, or the day's sum."""

    window: Window
    running: bool
    calls: int
    conversations: int
    appointments: int
    sales: int
    contact_rate: Ratio
    appointments_per_conversation: Ratio
    mean_conversation_seconds: Ratio
    forced_rate: Ratio


class Day(msgspec.Struct, frozen=True, tag_field="schema", tag="dialpulse.operator-day.v1"):
    """`/api/operators/<id>/day`: the hours of today in which the operator did something, and their sum."""

    now: str
    operator: str
    team: str | None
    site: str
    time_zone: str
    campaigns: list[str]
    hours: list[DayHour]
    total: DayHour
