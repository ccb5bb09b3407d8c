"""From what Redis holds to everything on the wall. Pure: (holdings, site asked for, now) -> Wall."""

from zoneinfo import ZoneInfo

from processors.hours import SLOT_US, Hour
from processors.owners import is_operator
from processors.times import HOUR_US, MINUTE_US, format_time
from schemas.redis_keys import SNAPSHOT_LIFE_S
from streams.board.freshness import as_of_us, freshness
from streams.board.holdings import Glance, HeldHour, Holdings
from streams.board.sums import Sum, ratio
from streams.board.wall import (
    Active,
    Conclusion,
    Conclusions,
    HourSoFar,
    Kept,
    Rolling,
    Site,
    Slot,
    StripHour,
    Today,
    Wall,
    Window,
)
from streams.board.windows import (
    hours_of_today,
    kept_since_us,
    recent_hours,
    rolling_starts,
    slot_sums,
)

PACE_AFTER_US = 5 * MINUTE_US
"""Before this much of an hour has passed, a pace would be mostly chance."""
CONCLUSIONS = (
    "refused",
    "warm_leads",
    "concluded_appointments",
    "callbacks",
    "unclassified",
)
"""The mix in the order it is shown: a warm lead beside an appointment, as a success."""
ACTIVE_SLOTS = 2


def assemble(holdings: Holdings, asked: str | None, now_us: int) -> Wall:
    """The wall of one site, or of all of them summed where none is asked for and all keep one clock."""
    site, members = choose_site(holdings, asked)
    zone = ZoneInfo(site.time_zone)
    at_us = as_of_us(holdings, now_us)
    kept = [hour for hour in holdings.hours_of(members) if hour.start_us <= at_us]
    glances = glances_of(holdings, members, at_us)
    hours = recent_hours(at_us, zone)
    today = hours_of_today(at_us, zone)
    return Wall(
        now=format_time(now_us),
        as_of=format_time(at_us),
        site=site,
        conversation_rule=rule_of(holdings, members),
        freshness=freshness(holdings, {glance.owner for _, glance in glances}, now_us),
        operators=_active(glances, at_us),
        rolling=_rolling(kept, at_us),
        hour=_hour_so_far(kept, hours[-1], at_us),
        today=_today(kept, today),
        kept=_kept(kept, at_us),
        strip=[_strip_hour(kept, hour, at_us) for hour in hours],
        conclusions=_conclusions(_within(kept, today[0].start_us, today[-1].end_us), _of_hour(kept, hours[-1])),
        latest_hour=_window(kept[-1].start_us, kept[-1].end_us) if kept else None,
    )


def choose_site(holdings: Holdings, asked: str | None) -> tuple[Site, list[str]]:
    """What the wall is about, and the sites whose records it adds up."""
    sites = sorted(holdings.sites)
    if asked is not None:
        return Site(asked, holdings.zone_of(asked), sites, False, asked in holdings.sites), [asked]
    if not sites:
        zone = holdings.marker.time_zone if holdings.marker else holdings.default_zone
        return Site(None, zone, [], False, True), []
    zones = {holdings.zone_of(site) for site in sites}
    if len(sites) == 1 or len(zones) > 1:
        # Sites on different clocks have other hours and other days: their sum would be over no hour of anybody's.
        return Site(sites[0], holdings.zone_of(sites[0]), sites, len(zones) > 1, True), sites[:1]
    return Site(None, zones.pop(), sites, False, True), sites


def glances_of(holdings: Holdings, members: list[str], now_us: int) -> list[tuple[int, Glance]]:
    """(hour start in us, glance) of these sites in the running and the previous hour of each site's own clock."""
    found: list[tuple[int, Glance]] = []
    for site in members:
        for hour in recent_hours(now_us, holdings.zone(site), 2):
            seen = holdings.glances.get(hour.start_us, {}).values()
            found += [(hour.start_us, glance) for glance in seen if glance.site == site]
    return found


def _active(glances: list[tuple[int, Glance]], now_us: int) -> Active:
    starts = rolling_starts(now_us, ACTIVE_SLOTS)
    active = {glance.owner for hour_us, glance in glances if _has_begun(glance, hour_us, starts)}
    return Active(sum(map(is_operator, active)), format_time(starts[0]))


def _has_begun(glance: Glance, hour_us: int, starts: list[int]) -> bool:
    """Whether anything began in these slots; looked up rather than summed, since floors may be of thousands."""
    slots = glance.slots
    for start in starts:
        place = (start - hour_us) // SLOT_US
        if 0 <= place < len(slots.calls) and (
            slots.calls[place] or slots.conversations[place] or slots.appointments[place]
        ):
            return True
    return False


def _rolling(kept: list[HeldHour], now_us: int) -> Rolling:
    starts = rolling_starts(now_us)
    near = [(hour.start_us, hour.record.slots) for hour in kept if hour.end_us > starts[0]]
    slots = slot_sums(near, starts)
    calls, conversations = (
        sum(slot.calls for slot in slots),
        sum(slot.conversations for slot in slots),
    )
    return Rolling(
        window=_window(starts[0], starts[-1] + SLOT_US),
        calls=calls,
        conversations=conversations,
        contact_rate=ratio(conversations, calls),
        slots=[
            Slot(
                format_time(slot.start_us),
                slot.calls,
                slot.conversations,
                slot.appointments,
                slot.start_us == starts[-1],
            )
            for slot in slots
        ],
    )


def _hour_so_far(kept: list[HeldHour], hour: Hour, now_us: int) -> HourSoFar:
    total = _of_hour(kept, hour)
    elapsed_us = now_us - hour.start_us

    def pace(count: int) -> float | None:
        return round(count * HOUR_US / elapsed_us, 6) if elapsed_us >= PACE_AFTER_US else None

    return HourSoFar(
        window=_window(hour.start_us, hour.end_us),
        calls=total["calls"],
        conversations=total["conversations"],
        calls_pace=pace(total["calls"]),
        conversations_pace=pace(total["conversations"]),
        mean_conversation_seconds=total.ratio("mean_conversation_seconds"),
        contact_rate=total.ratio("contact_rate"),
    )


def _today(kept: list[HeldHour], today: list[Hour]) -> Today:
    total = _within(kept, today[0].start_us, today[-1].end_us)
    return Today(
        window=_window(today[0].start_us, today[-1].end_us),
        calls=total["calls"],
        conversations=total["conversations"],
        appointments=total["appointments"],
        mean_conversation_seconds=total.ratio("mean_conversation_seconds"),
        appointment_rate=total.ratio("appointment_rate"),
        appointments_per_conversation=total.ratio("appointments_per_conversation"),
    )


def _kept(kept: list[HeldHour], now_us: int) -> Kept:
    since = kept_since_us(now_us, SNAPSHOT_LIFE_S)
    certain = [hour for hour in kept if hour.end_us > since]
    total = _sum(certain)
    start = certain[0].start_us if certain else now_us
    return Kept(
        window=_window(start, max((hour.end_us for hour in certain), default=now_us)),
        appointments=total["appointments"],
        pending=total["pending"],
        sales_per_appointment=total.ratio("sales_per_appointment"),
        forced_rate=total.ratio("forced_rate"),
    )


def _strip_hour(kept: list[HeldHour], hour: Hour, now_us: int) -> StripHour:
    inside = [one for one in kept if hour.start_us <= one.start_us < hour.end_us]
    total = _sum(inside)
    return StripHour(
        start=format_time(hour.start_us),
        end=format_time(hour.end_us),
        running=hour.start_us <= now_us < hour.end_us,
        empty=not inside,
        calls=total["calls"],
        conversations=total["conversations"],
        contact_rate=total.ratio("contact_rate"),
    )


def _conclusions(today: Sum, hour: Sum) -> Conclusions:
    rows = [Conclusion(name, ratio(today[name], today["conversations"]), hour[name]) for name in CONCLUSIONS]
    return Conclusions(rows, today["warm_short"], today["warm_medium"], today["warm_long"])


def _of_hour(kept: list[HeldHour], hour: Hour) -> Sum:
    return _within(kept, hour.start_us, hour.end_us)


def _within(kept: list[HeldHour], start_us: int, end_us: int) -> Sum:
    return _sum([hour for hour in kept if start_us <= hour.start_us < end_us])


def _sum(kept: list[HeldHour]) -> Sum:
    return Sum.over((hour.record.counts, hour.record.talk_seconds) for hour in kept)


def rule_of(holdings: Holdings, members: list[str]) -> str | None:
    """The conversation rule of the latest record of these sites, else the one that the workers are set to."""
    kept = holdings.hours_of(members)
    if kept:
        return kept[-1].record.conversation_rule
    return holdings.marker.conversation_rule if holdings.marker else None


def _window(start_us: int, end_us: int) -> Window:
    return Window(format_time(start_us), format_time(end_us))
