"""The golden sequences through the pure core."""

import pytest

from processors.hours import Clocks
from processors.rollup import MAIN_SITE
from processors.times import format_time, parse_time
from schemas.kpis import CampaignHour, Counts, OperatorHour, SiteHour, TeamHour
from tests.golden import Expected, Golden, Numbers, load_golden
from tests.unit.core import Core

SEQUENCES = load_golden()


def _run(golden: Golden) -> tuple[Core, list[str]]:
    core = Core(Clocks("UTC", golden.site_time_zones), golden.conversation_rule)
    results = [
        core.offer(fact.topic, fact.key.encode(), fact.value_bytes(), parse_time(fact.recorded_at))
        for fact in golden.facts
    ]
    return core, results


def _assert_body(record: OperatorHour | CampaignHour | TeamHour | SiteHour, expected: Expected) -> None:
    start_us = parse_time(expected.hour)
    end = expected.end or format_time(start_us + 3_600_000_000)
    slots = (parse_time(end) - start_us) // 300_000_000
    assert (record.hour_start, record.hour_end, record.time_zone) == (expected.hour, end, expected.zone)
    assert record.revision == f"0001-{expected.weight:020d}-0"
    assert record.counts == Counts(**expected.counts)
    assert (record.talk_seconds, record.amounts) == (expected.talk_seconds, expected.amounts)
    assert record.slots.seconds == 300
    for row in ("calls", "conversations", "appointments"):
        places = expected.slots.get(row, {})
        assert getattr(record.slots, row) == [places.get(place, 0) for place in range(slots)], row
    assert {name: record.rates[name].value for name in expected.rates} == expected.rates


@pytest.mark.parametrize("golden", SEQUENCES, ids=lambda golden: golden.name)
def test_every_fact_of_a_golden_sequence_becomes_what_was_written_down(golden: Golden) -> None:
    """A fact is accepted, a duplicate, superseded, forwarded or rejected exactly as worked out by hand."""
    _, results = _run(golden)
    assert results == [fact.gives for fact in golden.facts]


@pytest.mark.parametrize("golden", SEQUENCES, ids=lambda golden: golden.name)
def test_every_page_of_a_golden_sequence_has_the_numbers_worked_by_hand(golden: Golden) -> None:
    """The operator-hour records are exactly those written down, zeros included."""
    core, _ = _run(golden)
    assert set(core.pages) == {(page.owner, parse_time(page.hour)) for page in golden.pages}
    for page in golden.pages:
        record = core.record(core.pages[page.owner, parse_time(page.hour)])
        _assert_body(record, page)
        assert (record.owner, record.team_id, record.site_id) == (page.owner, page.team, page.site)
        assert record.operator_id == (None if page.owner.startswith("@") else page.owner)
        assert {
            campaign: Numbers(
                counts={name: n for name in Counts.__struct_fields__ if (n := getattr(part.counts, name))},
                talk_seconds=part.talk_seconds,
                amounts=part.amounts,
            )
            for campaign, part in record.campaigns.items()
        } == page.parts


@pytest.mark.parametrize("golden", SEQUENCES, ids=lambda golden: golden.name)
def test_every_roll_up_of_a_golden_sequence_has_the_numbers_worked_by_hand(golden: Golden) -> None:
    """Campaign, team and site hours are exactly those written down, those left with zeros included."""
    core, _ = _run(golden)
    found = {(target, hour_us) for hour_us, hour in core.hours.items() for target in hour.roll_ups}
    assert found == {(roll_up.of, parse_time(roll_up.hour)) for roll_up in golden.roll_ups}
    for roll_up in golden.roll_ups:
        hour_us = parse_time(roll_up.hour)
        record = core.hours[hour_us].record(roll_up.of, core.meaning, hour_us)
        _assert_body(record, roll_up)
        assert record.operators == roll_up.operators


def test_golden_sequences_have_names_of_their_own_and_show_every_count() -> None:
    """Each sequence is told apart by its name, and together they move every count that there is."""
    names = [golden.name for golden in SEQUENCES]
    assert len(set(names)) == len(names)
    shown = {name for golden in SEQUENCES for page in golden.pages for name in page.counts}
    assert shown == set(Counts.__struct_fields__)
    assert any(roll_up.of == ("site", MAIN_SITE) for golden in SEQUENCES for roll_up in golden.roll_ups)
