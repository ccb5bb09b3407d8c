"""The wall in a real browser: right numbers, live, honest when frozen, in both languages and every size."""

import urllib.parse

import pytest
from playwright.sync_api import Page, expect

from processors.times import HOUR_US, MINUTE_US, SECOND_US
from streams.board.server import clock_us
from tests.board_floor import Made
from tests.browser.conftest import Board, Start
from tests.browser.wall_page import agreed, api, in_mid_hour, opened, shown

SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
HOSTILE = "<img src=x onerror=alert(1)>"


def test_every_number_of_the_page_is_that_of_the_api(page: Page, board: Board, start: Start) -> None:
    """What stands on the wall is what `/api/board` says: each tile, the strip and the mix, in value and in writing."""
    in_mid_hour()
    start(operators=40)
    wall = agreed(opened(page, board))
    assert wall["rolling"]["calls"] > 0
    # Over all hours, whatever the time of day at which the test runs.
    assert not wall["kept"]["sales_per_appointment"]["too_few"] and not wall["kept"]["forced_rate"]["too_few"]
    assert sum(not hour["empty"] for hour in wall["strip"]) >= 6


def test_numbers_change_without_a_reload(page: Page, board: Board, start: Start) -> None:
    """A new call is on the wall within two seconds, and the page is still the same one."""
    pipeline = start(*(Made("o1", clock_us() - MINUTE_US) for _ in range(3)))
    opened(page, board)
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text("3")
    page.evaluate("window.stillHere = true")
    pipeline.floor.made.append(Made("o1", clock_us() - MINUTE_US))
    pipeline.write()
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text("4", timeout=2_000)
    pipeline.floor.made.append(Made("o1", clock_us() - MINUTE_US))
    pipeline.write(hint=False)
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text("5", timeout=4_000)
    assert page.evaluate("window.stillHere") is True


def test_a_silent_partition_freezes_the_wall_in_words(page: Page, board: Board, start: Start) -> None:
    """Since when and for how many of how many operators; and it thaws by itself."""
    pipeline = start()
    opened(page, board)
    expect(page.locator("#fresh-text")).to_contain_text("ago")
    pipeline.living = (0, 2, 3)
    expect(page.locator("#banner")).to_be_visible(timeout=20_000)
    wall = api(page)
    operators = wall["freshness"]["operators"]
    assert wall["freshness"]["partitions"]["silent"] == [1]
    assert 0 < operators["affected"] < operators["known"]
    expect(page.locator("#banner")).to_contain_text(f"{operators['affected']} of {operators['known']} operators")
    expect(page.locator("#banner")).to_contain_text("FIGURES FROZEN")
    assert "grayscale" in page.evaluate("getComputedStyle(document.getElementById('wall')).filter")
    pipeline.living = (0, 1, 2, 3)
    expect(page.locator("#banner")).to_be_hidden(timeout=5_000)


def test_a_page_that_lost_the_board_says_so_by_itself(page: Page, board: Board, start: Start) -> None:
    """No server is there to tell it: the page counts the seconds."""
    start()
    opened(page, board, "lang=fr")
    board.end()
    expect(page.locator("#banner")).to_be_visible(timeout=15_000)
    expect(page.locator("#banner")).to_contain_text("cet écran a perdu le tableau")
    expect(page.locator("#banner")).to_contain_text("12 opérateurs")


def test_french_writes_numbers_as_french_does(page: Page, board: Board, start: Start) -> None:
    """Decimal comma, narrow blanks, `min` and `s`, `16 h`, and names of the registry."""
    now = in_mid_hour()
    start(*(Made("o1", now - SECOND_US, "refused" if n % 4 == 0 else None, 496) for n in range(1_236)))
    opened(page, board, "lang=fr")
    assert shown(page, "rolling.calls") == "1 236"
    assert shown(page, "rolling.contact_rate") == "25,0 %"
    expect(page.locator("#kpi-contact_rate")).to_have_text("Taux de contact")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.wait_for_selector('[data-number="mean"]')
    assert shown(page, "mean") == "8 min 16 s"
    hours = page.locator("#strip .plot .name").all_text_contents()
    assert all(" h" in name.replace("\u00a0", " ") for name in hours)


def test_too_few_is_said_and_not_computed(page: Page, board: Board, start: Start) -> None:
    """Under ten judged appointments there is no rate, only the counts, greyed."""
    now = clock_us()
    judged = Made("o1", now - HOUR_US, "concluded_appointments", 60, extra=("judged",))
    start(Made("o1", now - HOUR_US, "concluded_appointments", 60, extra=("judged", "forced")), *[judged] * 7)
    opened(page, board, "lang=en")
    assert shown(page, "forced_rate") == "1 of 8 judged"
    assert page.locator('[data-number="forced_rate"]').get_attribute("data-value") == ""
    expect(page.locator("article", has=page.locator("#kpi-forced_rate"))).to_contain_text("too few for a rate")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_wall_fits_without_scrolling(
    page: Page, board: Board, start: Start, size: tuple[int, int], theme: str
) -> None:
    """At each size everything is inside the screen, and nothing is cut off or lies over its neighbour's box."""
    start()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for language in ("en", "fr"):
        opened(page, board, f"lang={language}&theme={theme}")
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert root == list(size)
        assert page.evaluate(CUT_OFF) == []


CUT_OFF = """
() => [...document.querySelectorAll(`.card > *, .card h2, .figure, .facts, .window, .beside dd, .mix-row > *,
                                    .foot > *, .head > *`)]
  .filter((part) => !part.closest('[hidden]') && !part.closest('.spoken'))
  .filter((part) => {
    const box = part.getBoundingClientRect();
    const frame = (part.closest('.card') ?? document.body).getBoundingClientRect();
    return box.right > frame.right + 1 || box.bottom > frame.bottom + 1 || part.scrollWidth > part.clientWidth + 8
      && getComputedStyle(part).overflow === 'hidden';
  })
  .map((part) => `${part.tagName}.${part.className}: ${part.textContent.slice(0, 60)}`)
"""


def test_a_narrow_window_scrolls_down_and_never_sideways(page: Page, board: Board, start: Start) -> None:
    """On a telephone or a page made larger, readable sizes come first."""
    start()
    for width in (1024, 600, 380):
        page.set_viewport_size({"width": width, "height": 800})
        opened(page, board)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.window')).fontSize)") >= 12


def test_hostile_ids_stay_text(page: Page, board: Board, start: Start) -> None:
    """A site named like markup is shown as it is written, and runs nothing."""
    now = clock_us()
    zones = {HOSTILE: "Europe/Paris", "lyon": "Europe/Paris"}
    start(Made("o1", now - MINUTE_US, site=HOSTILE), Made("o2", now - MINUTE_US), zones=zones)
    opened(page, board)
    expect(page.locator("#site")).to_have_text("All sites")
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.locator("#site")).to_have_text(HOSTILE)
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text("1")
    opened(page, board, urllib.parse.urlencode({"lang": "en", "site": "<b>nowhere</b>"}))
    expect(page.locator("#site")).to_have_text("<b>nowhere</b>")
    assert page.locator("#wall img, #wall b:has-text('nowhere')").count() == 0


def test_an_empty_floor_says_what_it_waits_for(page: Page, board: Board, start: Start) -> None:
    """First for a worker, then for the first call; then it shows it without a reload."""
    opened(page, board, "lang=en", state="waiting")
    expect(page.locator("#empty")).to_contain_text("dialpulse worker")
    now = clock_us()
    pipeline = start(Made("o1", now - 40 * HOUR_US))
    expect(page.locator("#empty")).to_contain_text("Waiting for the first call", timeout=5_000)
    expect(page.locator("#empty")).to_contain_text("Last hour with calls")
    pipeline.floor.made.append(Made("o1", now - MINUTE_US))
    pipeline.write()
    expect(page.locator("#empty")).to_be_hidden(timeout=5_000)
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text("1")


def test_the_page_can_be_used_by_keyboard_and_read_aloud(page: Page, board: Board, start: Start) -> None:
    """Links take the focus in order, tiles and charts have names, and the strip is a table for who cannot see."""
    start()
    opened(page, board)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Français"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator('#wall[data-state="live"]')).to_be_visible()
    assert page.get_by_role("article", name="Contact rate").count() == 1
    assert page.get_by_role("table", name="Hour by hour").get_by_role("row").count() >= 7
    assert page.get_by_role("table", name="How conversations end").get_by_role("row").count() == 6
    assert page.locator("h1").count() == 1
    # What is stale and what an alert says are read out when they come.
    assert page.locator("[role=alert]").evaluate_all("found => found.map(one => one.id)") == ["alerts", "banner"]


def test_nothing_moves_for_who_asked_for_stillness(page: Page, board: Board, start: Start) -> None:
    """`prefers-reduced-motion` ends the breathing dot."""
    start()
    page.emulate_media(reduced_motion="reduce")
    opened(page, board)
    assert page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "none"


def test_times_and_durations_are_written_for_the_language_and_the_zone(page: Page, board: Board, start: Start) -> None:
    """The site's clock, not the browser's; the hour that comes twice carries its offset; minutes beside seconds."""
    start()
    opened(page, board)
    written = page.evaluate(
        """async () => {
          const { Format } = await import('/static/format.js');
          const french = new Format('fr', { range: '{low} à {high}' }), english = new Format('en', {});
          french.zone = english.zone = 'Europe/Paris';
          const twice = ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'];
          return [french.duration(124), french.duration(59.6), english.time('2026-11-23T15:42:07Z', true),
                  english.hour('2026-11-23T15:00:00Z'), french.hour('2026-11-23T15:00:00Z'),
                  ...twice.map((hour) => english.hour(hour, true)), french.range(0.206, 0.289)]
            .map((text) => text.replace(/\\s/g, ' '));
        }"""
    )
    assert written == [
        "2 min 04 s", "1 min 00 s", "16:42:07", "16:00", "16 h", "02:00 (UTC+2)", "02:00 (UTC+1)", "20,6 à 28,9 %",
    ]  # fmt: skip
