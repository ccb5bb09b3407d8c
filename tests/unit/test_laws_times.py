"""The laws of times and durations: RFC 3339 to the letter, whole microseconds, one rounding."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.times import (
    LONGEST_DURATION_SECONDS,
    NoOffset,
    NoTime,
    duration_us,
    exact_duration_us,
    format_millis,
    format_time,
    parse_time,
)

_instants = st.integers(parse_time("1973-01-02T00:00:00Z"), parse_time("2199-12-30T23:59:59.999999Z"))


@given(_instants)
def test_an_instant_written_and_read_again_is_the_same(us: int) -> None:
    """Text holds an instant to the microsecond."""
    assert parse_time(format_time(us)) == us
    assert parse_time(format_millis(us)) == us // 1000 * 1000


@given(_instants, st.integers(0, 23), st.integers(0, 59), st.sampled_from("+-"))
def test_an_offset_says_how_far_the_local_time_is_ahead(us: int, hours: int, minutes: int, sign: str) -> None:
    """The same digits under an offset of +hh:mm are that much earlier, under -hh:mm later."""
    local = format_time(us).removesuffix("Z")
    ahead_us = (hours * 60 + minutes) * 60_000_000 * (1 if sign == "+" else -1)
    assert parse_time(f"{local}{sign}{hours:02d}:{minutes:02d}") == us - ahead_us


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-23T13:42:07Z", "2026-11-23T13:42:07Z"),
        ("2026-11-23t13:42:07z", "2026-11-23T13:42:07Z"),
        ("2026-11-23T13:42:07.1Z", "2026-11-23T13:42:07.100Z"),
        ("2026-11-23T13:42:07.000001+01:00", "2026-11-23T12:42:07.000001Z"),
        ("2026-11-23T00:30:00+05:30", "2026-11-22T19:00:00Z"),
        ("2026-11-23T13:42:07-00:00", "2026-11-23T13:42:07Z"),
        ("2028-02-29T23:59:59-23:59", "2028-03-01T23:58:59Z"),
    ],
)
def test_times_of_rfc_3339_are_read(text: str, utc: str) -> None:
    """Letters of either case, any decimals up to six, any offset."""
    assert format_time(parse_time(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        *[
            "2026-11-23",
            "2026-11-23T13:42Z",
            "2026-11-23T13Z",
            "20261123T134207Z",
            "2026-11-23T13:42:07+0100",
            "2026-11-23T13:42:07+01",
            "2026-11-23T13:42:07,5Z",
            "2026-11-23T13:42:07.Z",
            "2026-11-23T13:42:07.1234567Z",
            "2026-11-23T13:42:07.0000000Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T13:60:00Z",
            "2026-11-23T13:42:60Z",
            "2026-02-29T13:42:07Z",
            "2026-13-01T13:42:07Z",
            "2026-00-01T13:42:07Z",
            "2026-11-00T13:42:07Z",
            "2026-W48-1T13:42:07Z",
            "2026-327T13:42:07Z",
            "26-11-23T13:42:07Z",
            "2026-11-23T13:42:07+24:00",
            "2026-11-23T13:42:07+01:60",
            "2026-11-23T13:42:07ZZ",
            "2026-11-23T13:42:07UTC",
            "+2026-11-23T13:42:07Z",
            "1899-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "1795439000",
            "\u0662\u0660\u0662\u0666-11-23T13:42:07Z",
            "2026-11-23T13:42:0\u0667Z",
            "2026-11-23T13:42:07.1234567",
            "now",
        ],
        "",
        " 2026-11-23T13:42:07Z",
        "2026-11-23T13:42:07Z ",
        "2026-11-23T13:42:07Z\n",
        "2026-11-23 13:42:07Z",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    """To the letter: nothing that other standards or other programs would take."""
    with pytest.raises(NoTime) as refused:
        parse_time(text)
    assert not isinstance(refused.value, NoOffset)


@pytest.mark.parametrize("text", ["2026-11-23T13:42:07", "2026-11-23T13:42:07.120", "2026-11-23t13:42:07.123456"])
def test_a_time_that_lacks_only_its_offset_is_told_apart(text: str) -> None:
    """Its reason is its own, for it is the commonest mistake."""
    with pytest.raises(NoOffset, match="no offset"):
        parse_time(text)


_decimals = st.one_of(
    st.decimals(0, LONGEST_DURATION_SECONDS, places=6),
    st.decimals(0, LONGEST_DURATION_SECONDS, places=7),
    st.decimals(0, 100, places=9),
    st.builds(lambda whole, half: Decimal(whole) + Decimal(half), st.integers(0, LONGEST_DURATION_SECONDS - 1),
              st.sampled_from(["0.0000005", "0.0000015", "0.00000049999999999", "0.00000050000000001"])),
)  # fmt: skip


@settings(max_examples=500)
@given(_decimals)
def test_the_quick_way_of_a_duration_is_the_exact_one_wherever_it_dares(seconds: Decimal) -> None:
    """A float gives the microseconds of its decimal text, or leaves it to the text; half rounds to even."""
    numerator, denominator = (seconds * 1_000_000).as_integer_ratio()
    whole, left = divmod(numerator, denominator)
    rounded = whole + (2 * left > denominator or (2 * left == denominator and whole % 2 == 1))
    assert exact_duration_us(seconds) == rounded
    assert duration_us(float(seconds)) in (rounded, None)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0.0000005", 0),
        ("0.0000015", 2),
        ("0.0000025", 2),
        ("0.00000050000000000000000000000000000000000001", 1),
        ("2591999.9999995", 2592000000000),
        ("1E-400", 0),
        ("42", 42000000),
    ],
)
def test_half_a_microsecond_rounds_to_even_and_anything_more_upwards(text: str, us: int) -> None:
    """One rounding, of the decimal as it was written, however many digits it has."""
    assert exact_duration_us(Decimal(text)) == us
