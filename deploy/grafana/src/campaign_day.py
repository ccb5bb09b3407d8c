"""The day of a campaign: which hours reach people, where calls are lost, and how conversations end."""

from deploy.grafana.src.boards import Board
from deploy.grafana.src.look import APPOINTMENTS, CALLS, CONVERSATIONS, OUTCOMES, TEXT, TROUBLE
from deploy.grafana.src.queries import CAMPAIGN, Counted, bound, increase, share, today
from deploy.grafana.src.rows import heat, listing, queries
from deploy.grafana.src.tiles import Overrides, Panel, Query, Tile, colour, coloured, gauges, lines, number
from deploy.grafana.src.wording import EXACT, TODAY, TREND, about_count, about_rate, count_title, rate_title

_TIME = "time of the dashboard"
_COUNTS: dict[Counted, str] = {"calls": CALLS, "conversations": CONVERSATIONS, "appointments": APPOINTMENTS}
_RANGE = "$__range"


def board() -> Board:
    """The campaign's day."""
    panels = [
        *(_count(count) for count in _COUNTS),
        _contact(),
        _hours(),
        _funnel(),
        _reached(),
        _conclusions(),
        _developed(),
        _mix(),
        _operators(),
    ]
    about = "A day of one or several campaigns: the hours, the funnel and the conclusions."
    return Board(
        "dialpulse-campaign-day", "Dialpulse campaign day", about, ["site", "campaign"], panels, "now/d", refresh="30s"
    )


def _count(count: Counted) -> Panel:
    about = about_count(count, "the site's day so far")
    return number(Tile(count_title(count), TODAY, about, "locale", [Query(today(count))], 5, 5, 0), _COUNTS[count])


def _contact() -> Panel:
    met, dialled = today("conversations"), today("calls")
    parts = [
        Query(bound(met, dialled, "low"), "at least"),
        Query(share(met, dialled), "rate"),
        Query(bound(met, dialled, "high"), "at most"),
    ]
    about = f"{about_rate('contact_rate', 'the day so far')} At least and at most: the 95 % Wilson interval."
    tile = Tile(rate_title("contact_rate"), TODAY, about, "percentunit", parts, 9, 5, 1, "under ten calls")
    return number(tile, TEXT)


def _hours() -> Panel:
    calls, met, won = (today(count, "hour") for count in _COUNTS)
    columns = {
        "Calls": calls,
        "Conversations": met,
        "Contact rate": share(met, calls),
        "at least": bound(met, calls, "low"),
        "at most": bound(met, calls, "high"),
        "Appointments": won,
        rate_title("appointment_rate"): share(won, calls),
        rate_title("appointments_per_conversation"): share(won, met),
    }
    about = (
        f"Each hour of the day by the clock of the site, in which the call began; the last one still runs. {EXACT} The "
        "fuller a cell, the greater its number within the column. At least and at most: the 95 % Wilson interval of "
        "the contact rate. Rates over fewer than ten are left empty."
    )
    tile = Tile("Hours", TODAY, about, "locale", queries(columns), 24, 12, 0)
    return listing(tile, ["hour"], columns, _heat(), "hour")


def _heat() -> Overrides:
    rates = {rate_title(name): heat(APPOINTMENTS, "percentunit", 1) for name in (
        "appointment_rate", "appointments_per_conversation",
    )}  # fmt: skip
    plain = {"unit": "percentunit", "decimals": 1}
    return rates | {
        "Calls": heat(CALLS, "locale"),
        "Conversations": heat(CONVERSATIONS, "locale"),
        "Contact rate": heat(CONVERSATIONS, "percentunit", 1),
        "at least": plain,
        "at most": plain,
        "Appointments": heat(APPOINTMENTS, "locale"),
    }


def _funnel() -> Panel:
    steps = [Query(today(count), count_title(count)) for count in _COUNTS]
    about = f"From calls to conversations to appointments. Window: the site's day so far. {EXACT}"
    looks = coloured(**{count_title(count): tint for count, tint in _COUNTS.items()})
    return gauges(Tile("Funnel", TODAY, about, "locale", steps, 8, 8, 0), looks)


def _reached() -> Panel:
    calls = increase("calls", _RANGE)
    humans = increase("human_answered", _RANGE)
    abandon = rate_title("abandon_rate")
    steps = [
        Query(share(increase("answered", _RANGE), calls), "Answered, of calls"),
        Query(share(humans, calls), "By a person, of calls"),
        Query(share(increase("conversations", _RANGE), calls), "Conversation, of calls"),
        Query(share(increase("abandoned", _RANGE), humans), f"{abandon}, of answered by a person"),
    ]
    about = f"Where calls are lost. {about_rate('abandon_rate', _TIME, TREND)}"
    looks = coloured(**{steps[2].legend: CONVERSATIONS, steps[3].legend: TROUBLE})
    return gauges(Tile("From dialled to reached", _TIME, about, "percentunit", steps, 8, 8, 1), looks)


def _conclusions() -> Panel:
    every = increase("outcomes", _RANGE)
    parts = [
        Query(share(increase("outcomes", _RANGE, f'{CAMPAIGN}, outcome="{name}"'), every), title)
        for name, (title, _) in OUTCOMES.items()
    ]
    about = f"How conversations end, as shares of all of them; a warm lead is a success too. Window: {_TIME}. {TREND}"
    looks = coloured(**dict(OUTCOMES.values()))
    return gauges(Tile("Conclusions", _TIME, about, "percentunit", parts, 8, 8, 1), looks)


def _developed() -> Panel:
    met, dialled = today("conversations"), today("calls")
    parts = [
        Query(bound(met, dialled, "low"), "at least", "points"),
        Query(share(met, dialled), "rate", "points"),
        Query(bound(met, dialled, "high"), "at most", "points"),
    ]
    about = f"{about_rate('contact_rate', 'the day so far, at each point')} The band is the 95 % Wilson interval."
    tile = Tile("Contact rate as it developed", "day so far, at each point", about, "percentunit", parts, 8, 9, 0)
    edge = {"custom.lineWidth": 0} | colour(CONVERSATIONS)
    band = edge | {"custom.fillBelowTo": "at least", "custom.fillOpacity": 20}
    return lines(tile, coloured(rate=CONVERSATIONS) | {"at least": edge, "at most": band})


def _mix() -> Panel:
    by_outcome = increase("outcomes", "1h", CAMPAIGN, "outcome")
    about = f"Conversations by conclusion. Window: the last hour at each point. {TREND}"
    tile = Tile(
        "Conclusions over the day", "last hour, at each point", about, "locale",
        [Query(by_outcome, "{{outcome}}", "points")], 8, 9, 0,
    )  # fmt: skip
    looks = {name: {"displayName": title} | colour(tint) for name, (title, tint) in OUTCOMES.items()}
    return lines(tile, looks, stacked=True)


def _operators() -> Panel:
    about = (
        "Operators of whom a fact of the campaign ended in the last 10 minutes; one of two campaigns counts for both."
    )
    query = Query(
        f"sum by (site, campaign) (dialer_campaign_operators_active{{{CAMPAIGN}}})", "{{site}} {{campaign}}", "points"
    )
    tile = Tile("Operators on the campaign", "last 10 minutes, at each point", about, "locale", [query], 8, 9, 0)
    return lines(tile)
