"""The four KPI records: what one owner, campaign, team or site did in one hour, as an absolute snapshot.

Each record replaces the one before it with the same key; a reader keeps, per key, the record with the greatest
``revision``, compared as text. Field order here is the order on the wire. Roll-ups carry ``operators`` after
``conversation_rule``, before the counts it belongs to.
"""

import msgspec

from schemas.forms import Revision, Time

Number = int | float


class Counts(msgspec.Struct, gc=False):
    """Every count of an hour, in the order of the contract; what each means is said in the KPI registry."""

    calls: int = 0
    inbound: int = 0
    answered: int = 0
    human_answered: int = 0
    abandoned: int = 0
    conversations: int = 0
    refused: int = 0
    warm_leads: int = 0
    warm_short: int = 0
    warm_medium: int = 0
    warm_long: int = 0
    callbacks: int = 0
    concluded_appointments: int = 0
    unclassified: int = 0
    timed: int = 0
    appointments: int = 0
    honoured: int = 0
    no_shows: int = 0
    cancelled: int = 0
    pending: int = 0
    judged: int = 0
    forced: int = 0
    irrelevant: int = 0
    sales: int = 0


class PartCounts(Counts, gc=False, omit_defaults=True):
    """The same counts where zeros are left out on the wire; decoding gives them back."""


class Rate(msgspec.Struct, gc=False):
    """One rate with what it is made of, so that a reader can add up before dividing.

    ``value`` (six decimals) is null where the denominator is 0 or its counts do not exist yet (denominator 0 too).
    ``low`` and ``high`` are the 95 % Wilson interval of a share, null for anything else and where the numerator is
    greater than the denominator.
    """

    value: float | None
    numerator: Number
    denominator: Number
    low: float | None = None
    high: float | None = None


class Slots(msgspec.Struct):
    """Counts by the start of the call, ``seconds`` per slot (300): 12 to a full hour, 6 to half of one."""

    seconds: int
    calls: list[int]
    conversations: list[int]
    appointments: list[int]


class Part(msgspec.Struct):
    """A campaign's share of an operator-hour. ``amounts``: decimal text by currency, currencies with a sale only."""

    counts: PartCounts
    talk_seconds: float = 0.0
    amounts: dict[str, str] = {}


class OperatorHour(msgspec.Struct, kw_only=True, tag_field="schema", tag="kpi.operator-hour.v1"):
    """One owner's hour. Key ``<owner>|<hour_start>``; ``operator_id`` is null for the owner of unserved attempts.

    Times are RFC 3339 text in UTC, ``talk_seconds`` seconds, ``amounts`` decimal text by currency. ``team_id`` and
    ``site_id`` are those of the latest fact that is not void, null where it has none.
    """

    owner: str
    operator_id: str | None
    team_id: str | None
    site_id: str | None
    hour_start: Time
    hour_end: Time
    time_zone: str
    revision: Revision
    is_final: bool
    emitted_at: Time
    conversation_rule: str
    counts: Counts
    talk_seconds: float
    amounts: dict[str, str]
    rates: dict[str, Rate]
    slots: Slots
    campaigns: dict[str, Part]


class CampaignHour(msgspec.Struct, kw_only=True, tag_field="schema", tag="kpi.campaign-hour.v1"):
    """One campaign's hour over all operators. Key ``<campaign_id>|<hour_start>``.

    ``time_zone`` is null, and ``hour_end`` the latest, where contributors' zones differ. ``operators`` is how many
    operators contribute something, owners of unserved attempts apart.
    """

    campaign_id: str
    hour_start: Time
    hour_end: Time
    time_zone: str | None
    revision: Revision
    is_final: bool
    emitted_at: Time
    conversation_rule: str
    operators: int
    counts: Counts
    talk_seconds: float
    amounts: dict[str, str]
    rates: dict[str, Rate]
    slots: Slots


class TeamHour(msgspec.Struct, kw_only=True, tag_field="schema", tag="kpi.team-hour.v1"):
    """One team's hour over all operators. Key ``<team_id>|<hour_start>``; fields as in ``CampaignHour``."""

    team_id: str
    hour_start: Time
    hour_end: Time
    time_zone: str | None
    revision: Revision
    is_final: bool
    emitted_at: Time
    conversation_rule: str
    operators: int
    counts: Counts
    talk_seconds: float
    amounts: dict[str, str]
    rates: dict[str, Rate]
    slots: Slots


class SiteHour(msgspec.Struct, kw_only=True, tag_field="schema", tag="kpi.site-hour.v1"):
    """One site's hour over all operators. Key ``<site_id>|<hour_start>``, ``main`` where facts name no site."""

    site_id: str
    hour_start: Time
    hour_end: Time
    time_zone: str | None
    revision: Revision
    is_final: bool
    emitted_at: Time
    conversation_rule: str
    operators: int
    counts: Counts
    talk_seconds: float
    amounts: dict[str, str]
    rates: dict[str, Rate]
    slots: Slots


KpiRecord = OperatorHour | CampaignHour | TeamHour | SiteHour
"""Any of the four: ``msgspec.json.Decoder(KpiRecord)`` tells them apart by ``schema``."""

KPI_TYPES: dict[str, type[KpiRecord]] = {
    "kpi.operator-hour.v1": OperatorHour,
    "kpi.campaign-hour.v1": CampaignHour,
    "kpi.team-hour.v1": TeamHour,
    "kpi.site-hour.v1": SiteHour,
}
"""The struct of each KPI topic, in the order of the contract."""

COUNT_NAMES: tuple[str, ...] = Counts.__struct_fields__
"""The names of the 24 counts, in the order of the contract."""
