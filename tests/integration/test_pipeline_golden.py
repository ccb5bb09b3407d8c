"""The golden sequences through a real worker: the same numbers in KPI topics, Redis and roll-ups."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from processors.times import format_time, parse_time
from schemas.kpis import KPI_TYPES, Counts
from schemas.redis_keys import LEVELS
from schemas.rejections import Reason
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.settings import Settings
from tests.golden import Expected, Golden, GoldenFact, GoldenPage, Numbers, load_golden
from tests.integration.pipeline_rig import (
    LEVEL_OF,
    OPERATOR_HOURS,
    REJECTED,
    ROLL_UP_TOPICS,
    Place,
    assert_redis_equals_topics,
    bodies,
    fresh,
    log,
    metric,
    metrics,
    reconciled,
    send,
    wait_for,
)
from tests.workers import running_worker

IDS = ("operator_id", "campaign_id", "team_id", "site_id")
RULES = sorted({golden.conversation_rule for golden in load_golden()})


class Ran(NamedTuple):
    """All sequences of one conversation rule, run through one worker; each one's ids end in its own number."""

    rule: str
    sequences: list[tuple[str, Golden]]
    settings: Settings
    places: dict[Place, str]
    samples: Any
    records: dict[str, dict[str, Any]]


def _record(own: str, given: GoldenFact) -> Outgoing:
    """The fact with ids of its sequence's own and ``stated_at``: brokers stamp facts with the time of arrival."""
    value = msgspec.json.decode(given.value_bytes(stated=True))
    value |= {name: value[name] + own for name in IDS if value.get(name) is not None}
    return Outgoing(0, given.topic, f"{given.key}{own}".encode(), msgspec.json.encode(value))


def _are_final(settings: Settings) -> bool:
    return all(record.is_final for topic in KPI_TYPES for record in bodies(settings, topic).values())


@pytest.fixture(scope="module", params=RULES)
def ran(request: pytest.FixtureRequest, stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Every sequence of a rule, through one running worker, until all of its hours are final."""
    rule = request.param
    mine = [golden for golden in load_golden() if golden.conversation_rule == rule]
    sequences = [(f".{number}", golden) for number, golden in enumerate(mine)]
    zones = {site + own: zone for own, golden in sequences for site, zone in golden.site_time_zones.items()}
    settings = fresh(stack, conversation_rule=rule, site_time_zones=zones)
    given = [(own, one) for own, golden in sequences for one in golden.facts]
    with running_worker(settings, tmp_path_factory.mktemp("golden")) as worker:
        sent = send(settings, [_record(own, one) for own, one in given])
        places = {place: one.gives for place, (_, one) in zip(sent, given, strict=True)}
        reconciled(settings)
        wait_for(lambda: _are_final(settings))
        records = {topic: bodies(settings, topic) for topic in KPI_TYPES}
        yield Ran(rule, sequences, settings, places, metrics(worker.address), records)


def _assert_body(record: Any, expected: Expected) -> None:
    start_us = parse_time(expected.hour)
    end = expected.end or format_time(start_us + 3_600_000_000)
    slots = (parse_time(end) - start_us) // 300_000_000
    assert (record.hour_start, record.hour_end, record.time_zone) == (expected.hour, end, expected.zone)
    assert (record.revision, record.is_final) == (f"0001-{expected.weight:020d}-1", True)
    assert record.counts == Counts(**expected.counts)
    assert (record.talk_seconds, record.amounts) == (expected.talk_seconds, expected.amounts)
    for row in ("calls", "conversations", "appointments"):
        places = expected.slots.get(row, {})
        assert getattr(record.slots, row) == [places.get(place, 0) for place in range(slots)], row
    assert {name: record.rates[name].value for name in expected.rates} == expected.rates


def _assert_page(record: Any, own: str, page: GoldenPage) -> None:
    _assert_body(record, page)
    named = tuple(name and name + own for name in (page.owner, page.team, page.site))
    assert (record.owner, record.team_id, record.site_id) == named
    assert {
        campaign.removesuffix(own): Numbers(
            counts={name: n for name in Counts.__struct_fields__ if (n := getattr(part.counts, name))},
            talk_seconds=part.talk_seconds,
            amounts=part.amounts,
        )
        for campaign, part in record.campaigns.items()
    } == page.parts


def test_operator_hours_of_golden_sequences_have_the_numbers_worked_by_hand(ran: Ran) -> None:
    """The operator-hour topic holds exactly the records written down, each with every number of it."""
    records = dict(ran.records[OPERATOR_HOURS])
    for own, golden in ran.sequences:
        for page in golden.pages:
            _assert_page(records.pop(f"{page.owner}{own}|{page.hour}"), own, page)
    assert records == {}


def test_roll_ups_of_golden_sequences_have_the_numbers_worked_by_hand(ran: Ran) -> None:
    """Campaign, team and site topics hold exactly the records written down, those left with zeros included."""
    records = {(LEVEL_OF[topic], key): one for topic in ROLL_UP_TOPICS for key, one in ran.records[topic].items()}
    for own, golden in ran.sequences:
        for roll_up in golden.roll_ups:
            level, identity = roll_up.of
            # The site of facts without one is the same for every sequence.
            name = identity if (level, identity) == ("site", "main") else identity + own
            record = records.pop((level, f"{name}|{roll_up.hour}"))
            _assert_body(record, roll_up)
            assert record.operators == roll_up.operators
    assert records == {}


def test_redis_has_every_record_of_the_golden_sequences(ran: Ran) -> None:
    """Long past hours too: a snapshot lives two days from its writing."""
    keys = assert_redis_equals_topics(ran.settings)
    expected = sum(len(golden.pages) + len(golden.roll_ups) for _, golden in ran.sequences)
    assert keys == expected == sum(map(len, ran.records.values()))
    assert set(LEVEL_OF.values()) == set(LEVELS)


def test_every_golden_fact_becomes_what_was_written_down(ran: Ran) -> None:
    """Rejected ones lie in the rejected topic with their reason, and the worker's counters tell of all the others."""
    reasons = {place: gives for place, gives in ran.places.items() if gives in set(Reason)}
    rejected = {}
    for message in log(ran.settings, REJECTED):
        told = {name: text.decode() for name, text in message.headers()}
        rejected[Place(told["topic"], int(told["partition"]), int(told["offset"]))] = told["reason"]
    assert rejected == reasons
    results = Counter("rejected" if gives in reasons.values() else gives for gives in ran.places.values())
    # A forwarded fact's copy is then accepted, or a duplicate where the fact was stated again before it arrived.
    results["accepted"] += results["forwarded"]
    counted = {name: metric(ran.samples, "dialpulse_facts_total", result=name) for name in results}
    assert counted == results
