"""What is interned is what was given, and comes as the same object where it came before."""

from hypothesis import given
from hypothesis import strategies as st

from processors.interning import PLACES, Interned, talks, times

whole = st.integers(-(1 << 62), 1 << 62)


@given(st.lists(whole | st.integers(0, 40).map(lambda step: step * 1_000_000), max_size=60), st.integers(1, 1_000_000))
def test_a_number_is_itself(numbers: list[int], grain: int) -> None:
    """Whatever shares its place."""
    interned = Interned(grain)
    assert [interned.one(number) for number in numbers] == numbers


def test_equal_numbers_are_one_object() -> None:
    """All seconds of an hour at once, and all tenths of ten minutes."""
    for interned, step, count in ((times(), 1_000_000, 3600), (talks(), 100_000, 6000)):
        assert count < PLACES
        wanted = [1_700_000_000_000_000 + number * step for number in range(count)]
        first = [interned.one(number) for number in wanted]
        assert first == wanted
        assert all(interned.one(int(str(number))) is one for number, one in zip(wanted, first, strict=True))
