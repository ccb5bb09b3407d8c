"""Intervals, rates and partitions against what others publish."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import murmur2 as kafka_murmur2

from processors.intervals import wilson
from processors.kpis import COUNTS, KPIS
from processors.owners import murmur2, owner_of, partition_of, partition_of_key
from processors.rates import rates, written_rates
from processors.rules import UnknownRule, rule_named
from schemas.kpis import COUNT_NAMES

_shares = st.integers(1, 5000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        (10, 20, 0.2993, 0.7007),
    ],
)
def test_wilson_intervals_are_those_that_are_published(successes: int, trials: int, low: float, high: float) -> None:
    """The first four are method 3 of R. G. Newcombe, Statistics in Medicine 17 (1998), table I."""
    assert [round(bound, 4) for bound in wilson(successes, trials)] == [low, high]


@given(_shares)
def test_an_interval_holds_its_share_and_stays_within_nothing_and_all(share: tuple[int, int]) -> None:
    """0 <= low <= share <= high <= 1, and the interval of the rest mirrors it."""
    successes, trials = share
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = wilson(trials - successes, trials)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high))


@given(_shares)
def test_an_interval_moves_up_with_successes_and_narrows_with_trials(share: tuple[int, int]) -> None:
    """One success more moves both bounds up; the same share of twice the trials is known better."""
    successes, trials = share
    low, high = wilson(successes, trials)
    more = wilson(min(successes + 1, trials), trials)
    assert low <= more[0] and high <= more[1]
    twice = wilson(2 * successes, 2 * trials)
    assert twice[1] - twice[0] < high - low


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (0, 0), (-1, 3), (4, 3)])
def test_what_is_no_share_has_no_interval(successes: int, trials: int) -> None:
    """More successes than trials, or no trials, are refused rather than made up."""
    with pytest.raises(ValueError, match="no share"):
        wilson(successes, trials)


def _rates(hours: float = 1.0, talk_us: int = 0, **counts: int) -> dict[str, tuple[object, ...]]:
    found = rates([counts.get(name, 0) for name in COUNT_NAMES], talk_us, hours)
    return {name: (rate.value, rate.numerator, rate.denominator, rate.low, rate.high) for name, rate in found.items()}


def test_rates_carry_what_they_are_made_of() -> None:
    """The contract's own example, a mean, a rate over half an hour, and a term of two counts."""
    found = _rates(0.5, 90_500_000, calls=31, conversations=9, timed=4, warm_leads=2, concluded_appointments=1)
    assert found["contact_rate"] == (0.290323, 9, 31, 0.160958, 0.465923)
    assert found["mean_conversation_seconds"] == (22.625, 90.5, 4, None, None)
    assert found["calls_per_hour"] == (62, 31, 0.5, None, None)
    assert found["qualification_rate"][:3] == (0.333333, 3, 9)


def test_a_rate_of_nothing_is_null_and_never_zero() -> None:
    """A denominator of 0 gives no value and no interval; counts that do not exist yet neither."""
    found = _rates()
    per_hour = {"calls_per_hour", "conversations_per_hour"}
    assert {name for name, rate in found.items() if rate[0] is not None} == per_hour
    assert found["calls_per_staffed_hour"] == (None, 0, 0, None, None)
    assert _rates(calls=5)["calls_per_staffed_hour"] == (None, 5, 0, None, None)


def test_a_share_above_one_has_a_value_without_an_interval() -> None:
    """Two appointments of one conversation are a rate of two, and no share of trials."""
    assert _rates(appointments=2, conversations=1)["appointments_per_conversation"] == (2, 2, 1, None, None)


def test_the_registry_has_every_count_in_the_contracts_order_and_speaks_two_languages() -> None:
    """Counts are those of the records, names are distinct, and no text is missing."""
    assert tuple(count.name for count in COUNTS) == COUNT_NAMES
    assert len({kpi.name for kpi in KPIS}) == len(KPIS) == 14
    for text in [*(count.label for count in COUNTS), *(kpi.label for kpi in KPIS), *(kpi.answers for kpi in KPIS)]:
        assert text["en"] and text["fr"]


@given(st.binary(max_size=40))
def test_keys_hash_as_kafkas_clients_hash_them(key: bytes) -> None:
    """The same murmur2, so that every producer finds the same partition."""
    assert murmur2(key) == kafka_murmur2(key) & 0xFFFFFFFF
    assert partition_of_key(key, 12) == (kafka_murmur2(key) & 0x7FFFFFFF) % 12


def test_an_attempt_without_an_operator_belongs_to_its_campaign() -> None:
    """Its owner is the campaign behind an @, in a partition of its own."""
    assert (owner_of("o17", "autumn"), owner_of(None, "autumn")) == ("o17", "@autumn")
    assert partition_of("@autumn", 12) == partition_of_key(b"@autumn", 12)


@pytest.mark.parametrize(
    "name", ["", "talk", "talk-020s", "talk-20", "outcome-or-talk-s", "Outcome", "talk-20s\n", "talk-\u0662s"]
)
def test_an_unknown_conversation_rule_is_refused_by_name(name: str) -> None:
    """A rule that nobody defined is no rule; the refusal lists those there are."""
    with pytest.raises(UnknownRule, match="human-answered"):
        rule_named(name)


@given(st.lists(st.integers(0, 40), min_size=24, max_size=24), st.integers(0, 10**10), st.sampled_from([1.0, 0.5]))
def test_written_rates_are_the_rates_to_the_byte(counts: list[int], talk_us: int, hours: float) -> None:
    """What a record is written with, put together from known texts, is what encoding its rates would give."""
    assert msgspec.json.encode(written_rates(counts, talk_us, hours)) == msgspec.json.encode(
        rates(counts, talk_us, hours)
    )
