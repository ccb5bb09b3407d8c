"""What a campaign pours in is as hard as it says: a driver of easy facts would prove nothing."""

import json
import time
from collections import Counter
from itertools import islice
from typing import Any

import pytest

from processors.building import Refusal
from processors.hours import Clocks
from processors.reading import Reader
from schemas.rejections import RESERVED, Reason
from tests.faults import hard_facts
from tests.faults.hard_facts import CALLS, CONVERSATIONS, ZONES, HardFacts, Shot
from tests.faults.oracle_facts import instant
from tests.faults.poison import IDENTITY, POISONS

PARTITIONS = 4
FACTS = 30_000


def _drawn(seed: int, count: int) -> list[Shot]:
    return list(islice(HardFacts(seed, PARTITIONS).shots(time.time), count))


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """Facts as a campaign pours them."""
    return _drawn(11, FACTS)


def _identities(shots: list[Shot]) -> list[tuple[str, str, int]]:
    """(topic, identity, version) of each good record, as they come."""
    said = [(shot.topic, json.loads(shot.value or b"")) for shot in shots if not shot.expected]
    return [(topic, fact[IDENTITY[topic]], fact.get("version", 0)) for topic, fact in said]


def test_every_reason_of_rejection_is_made_and_each_record_is_rejected_for_the_one_it_was_made_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever way a record was spoilt; and no good one is refused."""
    monkeypatch.setattr(hard_facts, "POISONED", 0.02)
    reader = Reader(Clocks("UTC", ZONES))
    made: Counter[str] = Counter()
    for shot in _drawn(7, 8_000):
        reason = ""
        try:
            reader.read(shot.topic, shot.key, shot.value, int(time.time() * 1_000_000))
        except Refusal as refusal:
            reason = refusal.reason
        assert reason == shot.expected, shot
        made[shot.expected] += 1
    assert set(POISONS) == {reason.value for reason in Reason} - RESERVED - {Reason.VERSION_CONFLICT}
    assert min(made[reason] for reason in POISONS) > 80


def test_a_twentieth_of_the_facts_is_repeated_a_twentieth_corrected_and_a_thousandth_poison_of_each_reason(
    shots: list[Shot],
) -> None:
    """Shares of all facts, also of what only some topics can have."""
    named = Counter(_identities(shots))
    repeated = sum(count - 1 for count in named.values())
    corrected = sum(version > 0 for _, _, version in named)
    firsts = sum(version == 0 for _, _, version in named)
    assert 0.03 < repeated / firsts < 0.09
    assert 0.04 < corrected / firsts < 0.09
    spoilt = Counter(shot.expected for shot in shots)
    assert all(0.0003 < spoilt[reason] / len(shots) < 0.002 for reason in POISONS), spoilt
    voided = sum(b'"voided": true' in (shot.value or b"") for shot in shots)
    assert 0.01 < voided / firsts < 0.05


def test_conversations_come_before_their_calls_and_facts_minutes_to_days_late(shots: list[Shot]) -> None:
    """Nothing waits for its order."""
    good = [shot for shot in shots if not shot.expected]
    said: list[dict[str, Any]] = [json.loads(shot.value or b"") for shot in good]
    called: set[str] = set()
    early = 0
    for shot, fact in zip(good, said, strict=True):
        if shot.topic == CALLS:
            called.add(fact["call_id"])
        elif shot.topic == CONVERSATIONS:
            early += fact["call_id"] not in called
    assert early > 250
    hours_late = [(time.time() - instant(fact["started_at"]) / 1e6) / 3600 for fact in said if "started_at" in fact]
    assert max(hours_late) > 48 and sum(late > 1 for late in hours_late) > 250


def test_some_records_have_a_foreign_key_or_none_or_lie_in_a_foreign_partition(shots: list[Shot]) -> None:
    """Which the worker is to send home."""
    good = [shot for shot in shots if not shot.expected]
    foreign = [shot for shot in good if shot.key in hard_facts.FOREIGN_KEYS]
    assert {shot.key for shot in foreign} == set(hard_facts.FOREIGN_KEYS)
    elsewhere = [shot for shot in good if shot.partition is not None]
    assert 0.005 < (len(foreign) + len(elsewhere)) / len(good) < 0.02


def test_the_same_seed_draws_the_same_facts() -> None:
    """But for the times, which are those of the day."""
    one, other = _identities(_drawn(19, 1_000)), _identities(_drawn(19, 1_000))
    presence = "dialer.presence.v1"  # whose identity is its time
    assert [name for name in one if name[0] != presence] == [name for name in other if name[0] != presence]
