"""The shape of a day on the floor, by the floor's own clock.

The floor works whatever the real clock says: every shift begins at a quarter past eleven of its own clock, so that the
three hours before a demo hold the lunch dip, and after seven in the evening its next morning follows at once.
"""

OPENS, CLOSES, SHIFT_BEGINS = 9 * 3600, 19 * 3600, 11 * 3600 + 900
_LUNCH_BEGINS, _LUNCH_SECONDS, _LUNCH_STEP = 12 * 3600 + 600, 2700, 1800

# By hour of the floor's clock, from nine on; the dip at noon is deepened by the lunches themselves.
_BUSYNESS = (0.85, 1.0, 1.1, 0.75, 0.7, 0.95, 1.05, 1.1, 1.15, 1.0)
_REACH = (0.9, 0.95, 1.0, 1.05, 0.85, 0.9, 0.95, 1.0, 1.15, 1.2)


def clock(elapsed: float) -> float:
    """The floor's time of day in seconds, ``elapsed`` seconds after the shift began."""
    return OPENS + (SHIFT_BEGINS - OPENS + elapsed) % (CLOSES - OPENS)


def busyness(elapsed: float) -> float:
    """How fast the floor dials at that moment; about 1."""
    return _at(_BUSYNESS, clock(elapsed))


def reach(elapsed: float) -> float:
    """How readily people pick up at that moment; about 1."""
    return _at(_REACH, clock(elapsed))


def lunch_left(elapsed: float, team_number: int) -> float:
    """Seconds until the lunch of this team is over; 0 where it does not have lunch."""
    since = clock(elapsed) - _LUNCH_BEGINS - _LUNCH_STEP * (team_number % 3)
    return _LUNCH_SECONDS - since if 0 <= since < _LUNCH_SECONDS else 0.0


def _at(table: tuple[float, ...], time_of_day: float) -> float:
    """Between the middles of two hours, the straight line."""
    place = (time_of_day - OPENS) / 3600 - 0.5
    low = min(max(int(place), 0), len(table) - 1)
    high = min(low + 1, len(table) - 1)
    part = min(max(place - low, 0.0), 1.0)
    return table[low] + (table[high] - table[low]) * part
