"""Whether a row meets a condition of a mapping."""

from streams.replay.language import Condition, Limit, Test

Row = dict[str, str]
"""Cells by column, blanks around them dropped."""


class UnreadableNumber(ValueError):
    """A cell that a mapping compares, or takes, as a number is none."""


def holds(condition: Condition | None, row: Row) -> bool:
    """True where all tests hold (of a list: those of one member); True without a condition."""
    if condition is None:
        return True
    if isinstance(condition, list):
        return any(holds(each, row) for each in condition)
    return all(_passes(test, row[column]) for column, test in condition.items())


def number(text: str) -> float:
    """A decimal number; UnreadableNumber for anything else, "nan" and "inf" too."""
    try:
        value = float(text)
    except ValueError:
        raise UnreadableNumber(text) from None
    # Python also reads 1_000 and 'infinity', which no log means.
    if value - value != 0 or "_" in text:
        raise UnreadableNumber(text)
    return value


def _passes(test: Test, cell: str) -> bool:
    if isinstance(test, str):
        return cell == test
    if isinstance(test, list):
        return cell in test
    return cell != "" and _within(test, number(cell))


def _within(limit: Limit, value: float) -> bool:
    return (limit.below is None or value < limit.below) and (limit.above is None or value > limit.above)
