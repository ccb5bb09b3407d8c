"""When a reconciliation looks again, and when it reports."""

from streams.recount.comparing import Finding
from streams.recount.report import Difference
from streams.recount.settling import Round, Settling

PLACE = "kpi.site-hour.v1"


def found(*haves: tuple[str, str], seen: str = "") -> Round:
    """A round with a finding per (key, have); ``seen``: the keys that were looked at, one sign each."""
    findings = [Finding(Difference(PLACE, key, "counts.calls", have, "1")) for key, have in haves]
    return Round(findings, {(PLACE, key) for key in seen})


def test_a_round_without_findings_is_the_last() -> None:
    """All agrees: nothing to look at again."""
    settling = Settling(look_again_s=5, within_s=30)
    assert settling.is_over(found(seen="ab"), 0.0)
    assert (settling.differences, settling.moving) == ([], [])


def test_a_difference_is_reported_once_it_has_lasted() -> None:
    """Redis may lag a moment, and facts may come meanwhile: only what stays is wrong."""
    settling = Settling(look_again_s=5, within_s=30)
    assert not settling.is_over(found(("a", "0"), seen="ab"), 0.0)
    assert not settling.is_over(found(("a", "0"), seen="ab"), 4.0)
    assert settling.differences == []
    assert settling.is_over(found(("a", "0"), seen="ab"), 5.5)
    assert [difference.key for difference in settling.differences] == ["a"]


def test_a_difference_that_passes_is_forgotten() -> None:
    """What agrees when it is looked at again was on its way."""
    settling = Settling(look_again_s=5, within_s=30)
    assert not settling.is_over(found(("a", "0"), seen="a"), 0.0)
    assert settling.is_over(found(seen="a"), 1.0)
    assert settling.differences == []


def test_an_entry_that_changes_all_the_time_is_neither_right_nor_wrong() -> None:
    """After the time that was given it is named as moving, and is no difference."""
    settling = Settling(look_again_s=5, within_s=10)
    for second in range(10):
        assert not settling.is_over(found(("a", str(second)), seen="a"), float(second))
    assert settling.is_over(found(("a", "last"), seen="a"), 10.0)
    assert (settling.differences, settling.moving) == ([], [(PLACE, "a")])


def test_an_entry_that_agreed_once_and_moves_on_is_done() -> None:
    """On a live floor records change for ever; each is right once it was right at one of its revisions."""
    settling = Settling(look_again_s=5, within_s=30)
    assert not settling.is_over(found(("a", "0"), seen="ab"), 0.0)
    assert settling.is_over(found(("b", "0"), seen="ab"), 1.0)
    assert (settling.differences, settling.moving) == ([], [])


def test_an_entry_that_agreed_once_and_then_stays_wrong_is_reported() -> None:
    """That it was right before excuses nothing."""
    settling = Settling(look_again_s=5, within_s=30)
    assert not settling.is_over(found(("b", "0"), seen="ab"), 0.0)
    assert not settling.is_over(found(("a", "0"), ("b", "0"), seen="ab"), 1.0)
    assert not settling.is_over(found(("a", "0"), ("b", "0"), seen="ab"), 5.5)
    assert settling.is_over(found(("a", "0"), ("b", "0"), seen="ab"), 6.5)
    assert [difference.key for difference in settling.differences] == ["a", "b"]
