"""The simulated floor: seeded, believable, and never saying what a worker would reject."""

import json
from collections import Counter, defaultdict
from functools import cache
from itertools import takewhile
from statistics import mean, variance
from typing import Any

import pytest

from processors.hours import Clocks
from processors.reading import Reader
from processors.times import HOUR_US, SECOND_US, parse_time
from schemas.facts import FACT_TYPES
from streams.producing import Outgoing
from streams.replay.entries import own_start
from streams.settings import load_settings
from streams.simulator import shape
from streams.simulator.floor import facts
from streams.simulator.people import hire
from streams.simulator.plan import Plan
from streams.simulator.simulation import PAST_FACTS, Simulation, natural_rate, sites_of

START_US = parse_time("2026-11-23T13:00:00Z")
CALLS, CONVERSATIONS, APPOINTMENTS, SALES, PRESENCE = FACT_TYPES


def plan(**changed: Any) -> Plan:
    """A floor of 20 operators whose shift began three hours before the start."""
    usual = {
        "run_id": "r1",
        "seed": 5,
        "operators": 20,
        "sites": ("lyon", "pune"),
        "shift_us": START_US - 3 * HOUR_US,
        "live_us": START_US,
        "duplicates": 0.02,
    }
    return Plan(**{**usual, **changed})


def until(chosen: Plan, us: int) -> list[Outgoing]:
    """All facts of a plan that are due before an instant."""
    return list(takewhile(lambda record: record.due_us < us, facts(chosen)))


@cache
def four_hours() -> tuple[tuple[Outgoing, dict[str, Any]], ...]:
    """The past three hours and one hour live, with their facts decoded."""
    return tuple((record, json.loads(record.value or b"")) for record in until(plan(), START_US + HOUR_US))


def first_said() -> list[tuple[Outgoing, dict[str, Any]]]:
    """The same without repeated facts."""
    return [(record, fact) for record, fact in four_hours() if record.mark != "duplicate"]


def test_the_same_seed_and_start_give_the_same_facts_but_for_the_run() -> None:
    """A run can be done again; its ids, which begin with the run, are its own all the same."""
    one = until(plan(), START_US - 2 * HOUR_US)
    other = until(plan(run_id="r2"), START_US - 2 * HOUR_US)
    assert one == until(plan(), START_US - 2 * HOUR_US)
    assert one == [record._replace(value=(record.value or b"").replace(b'"r2-', b'"r1-')) for record in other]
    assert until(plan(seed=6), START_US - 2 * HOUR_US) != one


def test_no_fact_would_be_rejected() -> None:
    """Every record, at the moment it is said, is good by the contract, key included."""
    reader = Reader(Clocks("Europe/Paris", {"pune": "Asia/Kolkata"}))
    for record, _ in four_hours():
        statement = reader.read(record.topic, record.key, record.value, record.due_us)
        assert statement.owner.encode() == record.key


def test_nothing_is_said_before_it_happened() -> None:
    """Facts come in the order of their due times, and no time in them, plans for later apart, is after that."""
    last_us = 0
    for record, fact in four_hours():
        assert record.due_us >= last_us
        last_us = record.due_us
        past = {"started_at", "answered_at", "ended_at", "call_started_at", "booked_at", "closed_at", "since"}
        assert all(parse_time(fact[name]) <= record.due_us for name in past & fact.keys())


def test_all_facts_of_one_call_agree_on_where_it_belongs() -> None:
    """Call, conversation, appointment and sale repeat the same operator, campaign, team, site and start."""
    places = defaultdict(set)
    for record, fact in four_hours():
        if "call_id" in fact:
            who = (fact.get("operator_id"), fact["campaign_id"], fact["team_id"], fact["site_id"])
            places[fact["call_id"]].add((*who, own_start(record.topic, fact)))
    assert len(places) > 2_000
    assert {len(each) for each in places.values()} == {1}


def test_one_identity_never_has_two_contents_in_one_version() -> None:
    """Later statements carry higher versions; the same version is only ever the same bytes."""
    identity = {CALLS: "call_id", CONVERSATIONS: "call_id", APPOINTMENTS: "appointment_id", SALES: "sale_id"}
    said = defaultdict(set)
    for record, fact in four_hours():
        name = fact[identity[record.topic]] if record.topic in identity else (fact["operator_id"], fact["since"])
        said[record.topic, name, fact.get("version", 0)].add(record.value)
    assert {len(values) for values in said.values()} == {1}


def test_a_floor_has_everything_that_happens_on_floors() -> None:
    """Each conclusion, state and verdict, machines, abandoned and inbound calls, voids, corrections."""
    seen = Counter(
        (name, value)
        for _, fact in four_hours()
        for name, value in fact.items()
        if isinstance(value, str | bool) and not name.endswith(("_id", "_at", "since", "amount", "scheduled_for"))
    )
    expected = {
        "outcome": ("refused", "warm_lead", "callback", "appointment", "unclassified"),
        "warm_horizon": ("short", "medium", "long"),
        "status": ("confirmed", "rescheduled", "honoured", "no_show", "cancelled"),
        "quality": ("sound", "forced", "irrelevant"),
        "answered_by": ("human", "machine", "unknown"),
        "state": ("available", "on_call", "wrap_up", "paused"),
        "direction": ("inbound",),
        "abandoned": (True,),
        "voided": (True,),
    }
    assert [(name, value) for name, values in expected.items() for value in values if not seen[name, value]] == []
    marks = Counter(record.mark for record, _ in four_hours())
    assert min(marks[mark] for mark in ("late", "correction", "void", "duplicate")) > 5
    assert {fact["site_id"] for _, fact in four_hours()} == {"lyon", "pune"}


def test_appointments_are_known_by_conclusion_by_fact_or_by_both() -> None:
    """The three ways in which real systems tell of an appointment."""
    concluded = {fact["call_id"] for _, fact in four_hours() if fact.get("outcome") == "appointment"}
    stated = {fact["call_id"] for record, fact in four_hours() if record.topic == APPOINTMENTS}
    assert concluded - stated
    assert stated - concluded
    assert len(concluded & stated) > len(concluded ^ stated)


def test_what_nobody_took_is_the_campaigns_own() -> None:
    """A predictive dialer's attempts in vain have the campaign's key; those dialled by hand have their operator's."""
    calls = [(record, fact) for record, fact in first_said() if record.topic == CALLS]
    alone = [fact for record, fact in calls if (record.key or b"").startswith(b"@")]
    assert len(alone) > 500
    assert {fact["campaign_id"] for fact in alone} <= {"heat-pumps", "maintenance"}
    assert not any("operator_id" in fact for fact in alone)
    in_vain = [fact for record, fact in calls if "operator_id" in fact and "answered_at" not in fact]
    assert {fact["campaign_id"] for fact in in_vain} == {"insulation"}


def test_some_conversations_are_written_up_before_their_call_is_stated() -> None:
    """And some an hour later: nothing may rest on the order."""
    calls = {fact["call_id"]: record.due_us for record, fact in reversed(first_said()) if record.topic == CALLS}
    gaps = [
        record.due_us - calls[fact["call_id"]]
        for record, fact in first_said()
        if record.topic == CONVERSATIONS and fact["call_id"] in calls
    ]
    assert min(gaps) < 0
    assert max(gaps) > 1800 * SECOND_US


def test_counts_are_at_least_as_noisy_as_chance() -> None:
    """Per operator, the variance of hourly calls is at least their mean (a Poisson count would have just that)."""
    # Beyond the day's shape: hours of the same place in the day are compared, over eight days of the floor's clock.
    day_us = round((shape.CLOSES - shape.OPENS) * SECOND_US)
    begins_us = START_US // day_us * day_us
    chosen = plan(operators=6, shift_us=begins_us, live_us=begins_us + 9 * day_us, duplicates=0)
    counts: Counter[tuple[str, int, int]] = Counter()
    for record in until(chosen, begins_us + 8 * day_us):
        fact = json.loads(record.value or b"")
        if record.topic == CALLS and "operator_id" in fact and not fact.get("version"):
            began_us = parse_time(fact["started_at"]) - begins_us
            counts[fact["operator_id"], began_us % day_us // HOUR_US, began_us // day_us] += 1
    cells = defaultdict(list)
    for operator, hour, day in ((o, h, d) for o in {key[0] for key in counts} for h in range(10) for d in range(8)):
        cells[operator, hour].append(counts[operator, hour, day])
    noise = {
        operator: mean(variance(c) / mean(c) for (o, _), c in cells.items() if o == operator) for operator, _ in cells
    }
    assert min(noise.values()) >= 1
    assert mean(noise.values()) > 1.3


def test_duplicates_come_at_the_set_rate() -> None:
    """As often as asked, byte for byte, and never where none are asked for."""
    records = until(plan(duplicates=0.2), START_US)
    duplicates = sum(record.mark == "duplicate" for record in records)
    assert duplicates / (len(records) - duplicates) == pytest.approx(0.2, abs=0.02)
    assert not any(record.mark == "duplicate" for record in until(plan(duplicates=0), START_US - 2 * HOUR_US))


def test_operators_differ_in_skill_and_stay_who_they_are() -> None:
    """A larger floor has the same first operators; a team is at one site."""
    small, large = hire(3, 10, ("a", "b")), hire(3, 40, ("a", "b"))
    assert [each.tempo for each in small.operators] == [each.tempo for each in large.operators[:10]]
    assert len({each.persuasion for each in large.operators}) == 40
    assert len({(each.team.id, each.team.site_id) for each in large.operators}) == 5


def test_lunch_is_a_dip() -> None:
    """The floor's calls between noon and two are fewer than in the hours around, whatever the real clock says."""
    calls: Counter[int] = Counter()
    for record, fact in four_hours():
        if record.topic == CALLS:
            elapsed = (parse_time(fact["started_at"]) - (START_US - 3 * HOUR_US)) / SECOND_US
            calls[int(shape.clock(elapsed) // 3600)] += 1
    assert calls[12] < 0.8 * calls[14]
    assert calls[13] < 0.8 * calls[14]


def test_a_demo_shows_what_becomes_of_appointments() -> None:
    """In compressed time: something within its first minute, and within five of them honoured, judged and sold ones."""
    chosen = Simulation(operators=40).plan(("lyon",), START_US, "r1")
    seen: dict[str, list[int]] = {"honoured": [], "judged": [], "sold": []}
    for record in until(chosen, START_US + 300 * SECOND_US):
        fact = json.loads(record.value or b"")
        became = {"honoured": fact.get("status") == "honoured", "judged": "quality" in fact}
        for name, is_so in {**became, "sold": record.topic == SALES}.items():
            if is_so and record.due_us > START_US:
                seen[name].append(record.due_us - START_US)
    assert all(seen.values())
    assert min(map(min, seen.values())) <= 60 * SECOND_US


def test_the_past_is_three_hours_unless_that_is_too_much_to_send() -> None:
    """Three hours for a floor of usual size; of a large one as much as goes out in some ten seconds."""
    usual = Simulation(operators=40).plan(("lyon",), START_US, "r1")
    assert START_US - usual.shift_us == 3 * HOUR_US
    large = Simulation(operators=1_000).plan(("lyon",), START_US, "r1")
    assert len(until(large, START_US)) == pytest.approx(PAST_FACTS, rel=0.35)


def test_a_rate_is_reached_by_working_faster() -> None:
    """Facts a second, on average, from now on; the past is as people work."""
    chosen = Simulation(operators=20, rate=60, seed=5).plan(("lyon",), START_US, "r1")
    assert chosen.tempo == pytest.approx(60 / natural_rate(20, 5, 0.02))
    live = [record for record in until(chosen, START_US + 100 * SECOND_US) if record.due_us >= START_US]
    assert len(live) / 100 == pytest.approx(60, rel=0.3)


def test_speed_begins_further_back_and_ends_in_the_present() -> None:
    """At ten times the speed for a minute, the floor's clock starts nine minutes ago."""
    chosen = Simulation(speed=10, for_seconds=60).plan(("lyon",), START_US, "r1")
    assert START_US - chosen.live_us == 540 * SECOND_US


def test_sites_are_those_whose_zones_are_set() -> None:
    """So that a floor's hours are cut by the settings; small floors have one site."""
    settings = load_settings(site_time_zones={"pune": "Asia/Kolkata", "lyon": "Europe/Paris", "x": "UTC"})
    assert sites_of(settings, 40) == ("pune", "lyon")
    assert sites_of(settings, 10) == ("pune",)
    assert len(sites_of(load_settings(), 40)) == 2
