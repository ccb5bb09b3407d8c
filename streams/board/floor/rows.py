"""From an operator's records to the row on the floor, and to the hours of the day. Pure."""

from collections.abc import Iterable

from processors.hours import SLOT_US, Hour
from processors.times import format_time
from schemas.kpis import COUNT_NAMES
from streams.board.floor.held import PastHour, PersonHour, Verdicts
from streams.board.floor.shape import DayHour, HourCounts, Person
from streams.board.sums import Sum
from streams.board.wall import Ratio, Window
from streams.roster import Entry

VERDICTS = Verdicts.__struct_fields__

Hours = dict[int, PersonHour]
Past = dict[int, PastHour]


def person(
    owner: str, hours: Hours, past: Past, today: list[Hour], campaign: str | None, partition: int | None, said: Entry
) -> Person | None:
    """The row of an operator with something today; None where nothing, or nothing of the campaign.

    `past` is what Redis keeps of the hours before; `today` the day's hours up to the running one, which is the last;
    `said` is what the roster says.
    """
    begin, end = today[0].start_us, today[-1].end_us
    day = {start: record for start, record in hours.items() if begin <= start < end and is_something(record)}
    if not day or (campaign is not None and not any(campaign in record.campaigns for record in day.values())):
        return None
    latest = day[max(day)]
    running = sum_of([day[start] for start in day if start == today[-1].start_us], campaign)
    total = sum_of(day.values(), campaign)
    return Person(
        operator=owner,
        name=said.name or None,
        team=latest.team_id or said.team or None,
        site=latest.site,
        hour=HourCounts(running["calls"], running["conversations"], running["appointments"]),
        calls=total["calls"],
        conversations=total["conversations"],
        appointments=total["appointments"],
        contact_rate=total.ratio("contact_rate"),
        appointments_per_conversation=total.ratio("appointments_per_conversation"),
        mean_conversation_seconds=total.ratio("mean_conversation_seconds"),
        forced_rate=_quality(total, past.values(), campaign),
        last_slot=_last_slot(day),
        partition=partition,
    )


def sum_of(records: Iterable[PersonHour], campaign: str | None) -> Sum:
    """The sum over records, cut to a campaign where one is given."""
    if campaign is None:
        return Sum.over((record.counts, record.talk_seconds) for record in records)
    parts = [record.campaigns[campaign] for record in records if campaign in record.campaigns]
    return Sum.over((part.counts, part.talk_seconds) for part in parts)


def day_hour(records: list[PersonHour], hour: Window, *, is_running: bool) -> DayHour:
    """One line of an operator's day: an hour, or all of them."""
    total = sum_of(records, None)
    return DayHour(
        window=hour,
        running=is_running,
        calls=total["calls"],
        conversations=total["conversations"],
        appointments=total["appointments"],
        sales=total["sales"],
        contact_rate=total.ratio("contact_rate"),
        appointments_per_conversation=total.ratio("appointments_per_conversation"),
        mean_conversation_seconds=total.ratio("mean_conversation_seconds"),
        forced_rate=total.ratio("forced_rate"),
    )


def is_something(record: PersonHour) -> bool:
    """Whether a record counts anything at all: one of facts that are all void does not."""
    return any(getattr(record.counts, name) for name in COUNT_NAMES)


def _quality(today: Sum, past: Iterable[PastHour], campaign: str | None) -> Ratio:
    verdicts = Sum()
    for name in VERDICTS:
        verdicts.counts[name] = today[name]
    for hour in past:
        part = hour if campaign is None else hour.campaigns.get(campaign)
        if part is not None:
            for name in VERDICTS:
                verdicts.counts[name] += getattr(part.counts, name)
    return verdicts.ratio("forced_rate")


def _last_slot(day: Hours) -> str | None:
    """The start of the latest five minutes in which something began."""
    for start in sorted(day, reverse=True):
        slots = day[start].slots
        for place in reversed(range(len(slots.calls))):
            if slots.calls[place] or slots.conversations[place] or slots.appointments[place]:
                return format_time(start + place * SLOT_US)
    return None
