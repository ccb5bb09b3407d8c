"""Colours and units of the dashboards: those of the wall, so that a colour means the same on every screen."""

from typing import Literal

CALLS = "#5f7f9e"
CONVERSATIONS = "#35c2a5"
APPOINTMENTS = "#f2b84b"
TROUBLE = "#e5484d"
"""Red is for nothing but trouble."""
QUIET = "#8a94a0"
"""What is past, or the median of others: there to compare with."""
TEXT = "text"
"""The theme's own colour of text."""

OUTCOMES: dict[str, tuple[str, str]] = {
    "appointment": ("Appointments", APPOINTMENTS),
    "warm_lead": ("Warm leads", "#d9a0c4"),
    "callback": ("Callbacks", "#9db4cc"),
    "refused": ("Refusals", QUIET),
    "unclassified": ("Unclassified", "#5b636d"),
}
"""The conclusions in their fixed order, a warm lead beside an appointment: (title, colour)."""

Unit = Literal["locale", "percentunit", "s", "cps", "none"]
"""A whole number with the reader's separators, a share, seconds, records a second, or a bare number."""

TOO_FEW = 10
"""A share over fewer cases is not computed: one case more would move it by ten points."""
