"""Counters of the floor: they rise by what pages grew, for hours that are present or hardly over."""

import pytest

from tests.agents.floor import Floor, call, conversation, fact, running

PART = ("lyon", "t1", "autumn")


def _calls(floor: Floor) -> float:
    return floor.counter("dialer_calls_total", *PART)


def test_counters_rise_by_what_a_page_grew_not_by_statements() -> None:
    """Duplicates and superseded versions count nothing, within a flush and over flushes."""
    floor = running().fold(call("c1", version=1), call("c1", version=1), call("c1"))
    floor.drain()
    assert _calls(floor) == 1
    floor.fold(call("c1", version=1), call("c2"), call("c2", version=4))
    floor.drain()
    assert _calls(floor) == 2
    assert floor.counter("dialpulse_facts_total", "dialer.calls.v1", "duplicate") == 2
    assert floor.counter("dialpulse_facts_total", "dialer.calls.v1", "superseded") == 1
    assert floor.counter("dialpulse_facts_total", "dialer.calls.v1", "accepted") == 3


def test_a_correction_downwards_takes_nothing_back_and_upwards_counts_again() -> None:
    """A counter never falls: max(0, after - before), each time."""
    floor = running()
    for version, voided, counted in ((0, False, 1), (1, True, 1), (2, False, 2)):
        floor.fold(call("c1", version=version, voided=voided or None))
        floor.drain()
        assert _calls(floor) == counted


def test_a_call_that_moves_to_another_campaign_counts_there() -> None:
    """The one that it left keeps what it had: its trend does not fall."""
    floor = running().fold(call("c1"))
    floor.drain()
    floor.fold(call("c1", version=1, campaign_id="winter"))
    floor.drain()
    assert _calls(floor) == 1
    assert floor.counter("dialer_calls_total", "lyon", "t1", "winter") == 1


def test_every_counter_counts_what_its_name_says() -> None:
    """One call of each sort, one appointment and one sale."""
    floor = running().fold(
        call("c1", answered_by="human", answered_at="2026-11-23T13:10:05Z", talk_seconds=30.5),
        call("c2", answered_by="machine"),
        call("c3", operator=None, abandoned=True),
        conversation("c1", "refused"),
        fact("dialer.appointments.v1", "o1", _BOOKING | {"appointment_id": "a1"}),
        fact("dialer.sales.v1", "o1", _BOOKING | {"appointment_id": "a1", "sale_id": "s1"}),
    )
    floor.drain()
    counted = {
        name.removeprefix("dialer_").removesuffix("_total"): values[PART]
        for name, values in floor.telemetry.counters.values.items()
        if PART in values
    }
    assert counted == {
        "calls": 3,
        "answered": 3,
        "human_answered": 2,
        "abandoned": 1,
        "conversations": 1,
        "appointments": 1,
        "sales": 1,
        "talk_seconds": 30.5,
    }


_BOOKING = {"operator_id": "o1", "campaign_id": "autumn", "team_id": "t1", "site_id": "lyon"}
_BOOKING["booked_at"] = "2026-11-23T13:12:00Z"


@pytest.mark.parametrize("outcome", ["refused", "warm_lead", "callback", "appointment", "unclassified"])
def test_conversations_are_counted_by_their_conclusion(outcome: str) -> None:
    """An unclassified one where both spoke long enough; the other series begin at 0, so that rates see the first."""
    floor = running().fold(call("c1", talk_seconds=60), conversation("c1", outcome))
    floor.drain()
    outcomes = floor.telemetry.counters.values["dialer_outcomes_total"]
    assert {labels[3]: value for labels, value in outcomes.items() if value} == {outcome: 1}
    assert len(outcomes) == 5


def test_absent_site_and_team_have_labels_of_their_own() -> None:
    """`main`, as in its roll-up, and empty text."""
    floor = running().fold(call("c1", site_id=None, team_id=None))
    floor.drain()
    assert floor.counter("dialer_calls_total", "main", "", "autumn") == 1


def test_what_was_restored_counts_nothing_and_what_comes_then_does() -> None:
    """A restart is no rise, as a scrape sees it."""
    floor = running().fold(call("c1"), call("c2"))
    floor.drain()
    heir = floor.successor()
    heir.news()
    assert _calls(heir) == 0
    heir.fold(call("c1"), call("c2"))
    heir.drain()
    assert _calls(heir) == 0
    heir.fold(call("c3"))
    heir.drain()
    assert _calls(heir) == 1


def test_a_new_generation_counts_nothing() -> None:
    """The same facts told anew are no events."""
    floor = running().fold(call("c1"))
    floor.drain()
    heir = floor.successor(generation=2)
    heir.drain()
    assert _calls(heir) == 0


@pytest.mark.parametrize(
    ("now", "counted", "late"), [("14:14:59.999999", 1, 0), ("14:15:00", 0, 1), ("18:00:00", 0, 1)]
)
def test_hours_that_ended_15_minutes_ago_count_as_late_instead(now: str, counted: int, late: int) -> None:
    """Counters are for what happens now; a log of last week must not look like a rush."""
    floor = running(now=f"2026-11-23T{now}Z").fold(call("c1"))
    floor.drain()
    assert (_calls(floor), floor.counter("dialer_late_total", "call")) == (counted, late)


def test_a_late_fact_into_an_hour_that_was_counted_live_counts_as_late_alone() -> None:
    """That its page is remembered from when it was present makes no difference, then or at the next one."""
    floor = running().fold(call("c1"))
    floor.drain()
    floor.now = "2026-11-23T14:20:00Z"
    for number in (2, 3):
        floor.fold(call(f"c{number}"))
        floor.drain()
    assert (_calls(floor), floor.counter("dialer_late_total", "call")) == (1, 2)


def test_late_facts_are_told_apart_by_kind_and_only_once_accepted() -> None:
    """Known and refused ones are not late news."""
    floor = running(now="2026-11-23T18:00:00Z")
    floor.fold(call("c1"), call("c1"), call("c1", lead_id="x"), conversation("c1", "refused"))
    floor.fold(
        fact("dialer.appointments.v1", "o1", _BOOKING | {"appointment_id": "a1"}),
        fact("dialer.sales.v1", "o1", _BOOKING | {"appointment_id": "a1", "sale_id": "s1"}),
        fact("dialer.presence.v1", "o1", {"operator_id": "o1", "since": "2026-11-23T13:00:00Z", "state": "paused"}),
    )
    kinds = ("call", "conversation", "appointment", "sale", "presence")
    assert [floor.counter("dialer_late_total", kind) for kind in kinds] == [1] * 5


def test_a_facts_delay_is_counted_from_the_end_of_what_it_states() -> None:
    """Acceptance minus the end of the call; one observation per accepted fact."""
    floor = running().fold(call("c1", ended_at="2026-11-23T13:29:57Z"), call("c1", ended_at="2026-11-23T13:29:57Z"))
    [histogram] = floor.telemetry.histograms["dialpulse_fact_delay_seconds"].values()
    assert (sum(histogram.counts), histogram.sum) == (1, 3.0)


def test_the_time_of_the_last_fact_never_goes_back() -> None:
    """Partitions are read one after the other: an older batch of another one is not the latest."""
    floor = running().fold(call("c1", at="2026-11-23T13:20:00Z"), call("c2", operator="o2", at="2026-11-23T13:15:00Z"))
    assert floor.telemetry.gauges["dialpulse_last_fact_timestamp_seconds"] == {
        ("dialer.calls.v1",): 1_795_440_000.0,
    }
