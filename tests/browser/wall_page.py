"""The wall as a test reads it: every number that stands on the page, and what `/api/board` says should stand there."""

import json
import time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect

from processors.times import HOUR_US, SECOND_US
from streams.board.server import clock_us
from tests.browser.conftest import Board

AGREED_WITHIN_S = 5.0
ON_THE_PAGE = """
() => ({
  numbers: Object.fromEntries([...document.querySelectorAll('[data-number]')]
    .map((one) => [one.dataset.number, [one.dataset.value ?? null, one.textContent]])),
  strip: [...document.querySelectorAll('#strip .plot .column')].map((hour) =>
    ['.bar.calls .count', '.bar.conversations .count', '.rate .value, .rate .few']
      .map((part) => hour.querySelector(part)?.textContent ?? '')),
})
"""
SHARES = {
    "rolling.contact_rate": ("rolling", "contact_rate", "calls"),
    "appointment_rate": ("today", "appointment_rate", "calls"),
    "appointments_per_conversation": ("today", "appointments_per_conversation", "conversations"),
    "sales_per_appointment": ("kept", "sales_per_appointment", "appointments"),
    "forced_rate": ("kept", "forced_rate", "judged"),
}
PACES = {f"pace.{what}": f"{what}_pace" for what in ("calls", "conversations")}


class Shown(NamedTuple):
    """A number on the page: the value that its element is marked with (None: not marked), and its text."""

    value: float | str | None
    text: str


def in_mid_hour() -> int:
    """The present moment; where the hour is about to turn, once it has."""
    left_s = (HOUR_US - clock_us() % HOUR_US) / SECOND_US
    if left_s < 20:
        time.sleep(left_s + 2)
    return clock_us()


def opened(page: Page, board: Board, query: str = "lang=en", state: str = "live") -> Page:
    """The page, once it has heard the board."""
    page.goto(f"{board.address}?{query}")
    expect(page.locator(f'#wall[data-state="{state}"]')).to_be_visible(timeout=15_000)
    return page


def api(page: Page, query: str = "") -> dict[str, Any]:
    """`/api/board` as this browser gets it."""
    answer: dict[str, Any] = json.loads(page.evaluate(f"fetch('/api/board{query}').then((r) => r.text())"))
    return answer


def shown(page: Page, name: str) -> str:
    """The visible text of a number, with plain blanks."""
    return _plain(page.locator(f'[data-number="{name}"]').text_content() or "")


def numbers_of(wall: dict[str, Any]) -> dict[str, Shown]:
    """Every number that the English page marks, but for the paces, as the API has it."""
    rolling, hour = wall["rolling"], wall["hour"]
    mean = hour["mean_conversation_seconds"]["value"]
    found = {f"rolling.{what}": Shown(rolling[what], f"{rolling[what]:,}") for what in ("calls", "conversations")}
    found |= {f"hour.{what}": Shown(None, f"{hour[what]:,}") for what in ("calls", "conversations")}
    found |= {} if mean is None else {"mean": Shown(None, _duration(mean))}
    found |= {name: _share(wall[part][rate], per) for name, (part, rate, per) in SHARES.items()}
    return found | {f"mix.{row['name']}": _mixed(row["today"]) for row in wall["conclusions"]["rows"]}


def strip_of(wall: dict[str, Any]) -> list[list[str]]:
    """For each hour of the strip its calls, conversations and contact rate as the English page writes them."""
    return [["", "", ""] if hour["empty"] else _hour(hour) for hour in wall["strip"]]


def agreed(page: Page) -> dict[str, Any]:
    """The API's answer once every number on the page is the one that it has; fails where that is not soon.

    Waited for: between page and answer a five-minute slot may have fallen out of the rolling hour.
    """
    give_up = time.monotonic() + AGREED_WITHIN_S
    while True:
        wall, read = api(page), page.evaluate(ON_THE_PAGE)
        paces = {name: read["numbers"].pop(name, None) for name in PACES}
        numbers = {name: Shown(_value(value), _plain(text)) for name, (value, text) in read["numbers"].items()}
        strip, said = read["strip"], strip_of(wall)
        # Leading hours without a record are left out.
        left_out, kept = said[: len(said) - len(strip)], said[len(said) - len(strip) :]
        fits = numbers == numbers_of(wall) and strip == kept and not any(map(any, left_out))
        if fits:
            _assert_paces(paces, wall)
            return wall
        if time.monotonic() > give_up:
            assert numbers == numbers_of(wall)
            assert (strip, left_out) == (kept, [["", "", ""]] * len(left_out))
        time.sleep(0.1)


def _assert_paces(paces: dict[str, Any], wall: dict[str, Any]) -> None:
    """A pace sinks from second to second: the page's is that of a moment just before the answer."""
    for name, key in PACES.items():
        pace, marked = wall["hour"][key], paces[name]
        assert (marked is None) == (pace is None), name
        if marked is not None:
            text = _plain(marked[1])
            written = int(text.split()[0].replace(",", ""))
            # Paces are shown from the sixth minute on, so that two seconds are less than one in a hundred.
            assert text.endswith("/ h") and pace - 1 <= written <= pace * 1.02 + 1, (name, text, pace)


def _share(rate: dict[str, Any], per: str) -> Shown:
    if rate["denominator"] == 0:
        return Shown("", "\u2013")
    if rate["too_few"]:
        return Shown("", f"{rate['numerator']:,} of {rate['denominator']:,} {per}")
    return Shown(rate["value"], f"{_percent(rate['value'], 1)} %")


def _mixed(rate: dict[str, Any]) -> Shown:
    share = "" if rate["too_few"] or rate["value"] is None else f" {_percent(rate['value'])}%"
    return Shown(rate["numerator"], f"{rate['numerator']:,}{share}")


def _hour(hour: dict[str, Any]) -> list[str]:
    rate = hour["contact_rate"]
    share = "" if rate["denominator"] == 0 else f"{rate['numerator']:,}/{rate['denominator']:,}"
    if rate["denominator"] and not rate["too_few"]:
        share = f"{_percent(rate['value'])}%"
    return [f"{hour['calls']:,}", f"{hour['conversations']:,}", share]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(_rounded(seconds)), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _percent(value: float, places: int = 0) -> Decimal:
    return _rounded(value, places, 100)


def _rounded(value: float, places: int = 0, times: int = 1) -> Decimal:
    # As JavaScript does: of the shortest decimal that is this number, halves upwards.
    return (Decimal(repr(value)) * times).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _value(marked: str | None) -> float | str | None:
    return float(marked) if marked else marked


def _plain(text: str) -> str:
    return " ".join(text.split())
