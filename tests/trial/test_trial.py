"""The trial itself: that replaying is what Prometheus does, and in short what the long run measures."""

import math
import random
from collections import Counter
from itertools import product
from pathlib import Path
from statistics import NormalDist

import pytest

from tests.trial import (
    agreeing,
    causes,
    curve,
    evaluating,
    floors,
    ideal,
    measuring,
    methods,
    replaying,
    scraping,
    sizes,
)


@pytest.fixture(autouse=True)
def _memory_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prometheus holds here is small; it would spend a fifth of its time on keeping it smaller."""
    monkeypatch.setenv("GOGC", "400")


def at(*minutes: float) -> list[float]:
    """Instants of a day, by minutes after the first scrape."""
    return [floors.first_s(0) + minute * 60 for minute in minutes]


def test_an_alert_fires_at_the_second_look_and_for_ten_minutes_after_the_last() -> None:
    """As Prometheus does with `for: 30s` and `keep_firing_for: 10m`."""
    assert measuring.firing(0, at(5, 9, 9.5, 10)) == [tuple(at(9.5, 20))]


def test_an_alert_that_fires_stays_where_only_its_milder_condition_holds() -> None:
    """That is the hysteresis; alone, the milder condition begins none."""
    assert measuring.firing(0, at(9, 9.5), at(3, 3.5, 10, 10.5)) == [tuple(at(9.5, 20.5))]


def test_an_alarm_is_false_unless_a_drop_was_in_its_windows() -> None:
    """Begun before the drop, or when the longest window no longer holds it."""
    drop = floors.Drop(0, 0.5, at(60)[0])
    assert measuring.unexplained([drop], at(59, 61, 179, 269, 271)) == at(59, 271)


def test_every_cause_and_share_is_drawn_equally_often() -> None:
    """By nine floors, the number unless another is asked for; by two, each at least once."""
    for number, least, most in ((2, 1, 2), (9, 5, 5)):
        some = [causes.some_floor(which, sizes.TESTED, random.Random(1)) for which in range(number)]
        drawn = Counter((cause, drop.share) for floor in some for drop, cause in floor.drops.items())
        assert set(drawn) == set(product(causes.CAUSES, (0.3, 0.5, 0.8)))
        assert {least, most} == set(drawn.values())


def test_a_drop_found_late_is_not_found_in_time() -> None:
    """Its minutes count all the same."""
    found = measuring.Found()
    for minute in (64, 75):
        found.see(floors.Drop(0, 0.5, at(60)[0]), at(minute), 10, full=True)
    assert (found.share, found.minutes) == (0.5, [4, 15])


def test_the_ideal_tests_deviations_are_those_of_a_normal_one() -> None:
    """As far below as a normal count is that chance lets be so low as often as a Poisson one."""
    for expected, observed in ((100, 74), (20, 8)):
        likely = sum(math.exp(-expected) * expected**count / math.factorial(count) for count in range(observed + 1))
        assert ideal.deviations(expected, observed) == pytest.approx(-NormalDist().inv_cdf(likely), abs=0.06)
    assert ideal.deviations(100, 99) == 0


def test_the_trials_weeks_have_a_clock_change_in_them() -> None:
    """Three weeks of the history lie before it, one and the tested one after."""
    noons = [floors.midnight_s(day) % 86400 for day in range(sizes.TESTED.stop)]
    assert noons == [22 * 3600] * 15 + [23 * 3600] * 10


@pytest.mark.timeout(900)
def test_replaying_comes_to_what_prometheus_own_rule_manager_comes_to(tmp_path: Path) -> None:
    """Every recorded series of a day, by number and sum of its values, and when alerts fired."""
    compared, complaint = agreeing.differences(tmp_path, range(1), seed=2)
    assert not complaint, complaint[:4000]
    assert not compared.endswith(" 0 alerts")


@pytest.mark.timeout(300)
def test_the_alerts_group_is_evaluated_in_a_fraction_of_its_interval(tmp_path: Path) -> None:
    """All windows of three teams and three campaigns by the past weeks; the command measures more of them."""
    took, by_weeks = evaluating.measured(tmp_path, 3, 3, minutes=1)
    assert by_weeks == 6 * 5
    assert max(took) < 10


@pytest.mark.timeout(300)
def test_replaying_comes_to_what_a_prometheus_that_scrapes_comes_to(tmp_path: Path) -> None:
    """The first hour and a half of a day, 300 times as fast, in which half of a team's 1200 calls an hour stop.

    Its alert and its campaign's begin at the same time in both, but for what a machine that stalls for a second makes
    of it: five minutes. `python -m tests.trial.scraping` does it for a week.
    """
    opens_s = floors.midnight_s(0) + 10 * 3600
    stream = floors.Stream("blue", "autumn", 1200, [1.0], [floors.Drop(0, 0.5, opens_s + 80 * 60.0)])
    span = (opens_s - 120.0, opens_s + 95 * 60.0)
    outcome = scraping.compared(tmp_path, [stream], range(1), span, 300, random.Random(3), print)
    assert [pair.part for pair in outcome.in_both] == [(methods.CAMPAIGN, "autumn"), (methods.TEAM, "blue")]
    assert outcome.in_both == outcome.pairs, str(outcome)
    for pair in outcome.pairs:
        assert abs(pair.begins_apart_s) <= 300, str(outcome)
        assert all(alert[0] - stream.drops[0].begins_s < 15 * 60 for alert in (pair.replayed, pair.scraped) if alert)


@pytest.mark.timeout(900)
def test_the_rules_find_halves_of_large_teams_in_ten_minutes_and_the_rivals_do_not(tmp_path: Path) -> None:
    """The short form of `make alerts-trial`: teams of 1200 calls an hour, weeks with a clock change in them."""
    rng, scores = random.Random(5), sizes.no_scores()
    with replaying.receiving(tmp_path) as address:
        sizes.replay(address, [sizes.some_team(f"t{number}", 1200, rng) for number in range(3)], rng, scores, print)
        opened_s = floors.midnight_s(sizes.TESTED.start + 1) + 10 * 3600 + 540
        expected = replaying.asked(
            address, 'part:dialer_calls:expected{baseline="weeks",window="9m",span="window"}', opened_s, opened_s, 1
        )
        lunch_s = floors.midnight_s(sizes.TESTED.start + 1) + 14 * 3600 + 420
        cut = replaying.asked(address, 'part:dialer_calls_drop_threshold:sigmas{window="19m"}', lunch_s, lunch_s, 1)
    sizes.ideals([1200], 3, rng, scores, null_days=42)
    ours = scores[1200, methods.OURS]
    assert ours.found[0.5].share == ours.found[0.8].share == 1
    assert ours.false <= 1
    for rival in methods.RIVALS.values():
        assert scores[1200, rival].found[0.5].share < 0.5
    assert scores[1200, ideal.KNOWS_THE_RATE].found[0.5].share == 1
    # The first nine minutes of the day, when people come to their desks: an hour later there are twice as many calls.
    assert [60 < float(one.values[0][1]) < 130 for one in expected] == [True] * 3
    # Seven minutes after lunch there are as many calls as nineteen minutes tell best, but they were not all open.
    assert [round(float(one.values[0][1]), 6) for one in cut] == [4.45] * 3
    drawing = curve.drawn(scores)
    assert all(f">{method}</text>" in drawing and f"| {method} |" in sizes.table(scores) for _, method in scores)


@pytest.mark.timeout(900)
def test_half_and_more_of_a_team_a_campaign_or_a_trunk_is_told_by_its_own_part() -> None:
    """A team's loss by the team's alert, a campaign's by the campaign's, a trunk's by any that dials through it.

    Each on a day of its own, after the two weeks that a baseline needs at least; the clocks change between those.
    """
    tested = range(sizes.TESTED.start, sizes.TESTED.start + 6)
    measured = causes.measured(1, tested, random.Random(3), print, tested.start - 10, shares=(0.5, 0.8))
    assert set(measured[0]) == set(product(causes.CAUSES, (0.5, 0.8)))
    assert {(cause, case.own.share) for (cause, _), case in measured[0].items()} == {(one, 1) for one in causes.CAUSES}
    assert causes.table(measured).count("\n") == 2 + len(measured[0])
