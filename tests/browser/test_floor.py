"""The floor in a real browser: right rows, live, sortable, usable by keyboard, smooth, and honest when frozen."""

import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from streams.board.server import clock_us
from tests.board_floor import Made
from tests.browser.conftest import Answering, Board, Boards, Start

SIZES = ((1280, 720), (1920, 1080), (3840, 2160))
HOSTILE = "<img src=x onerror=alert(1)>"


def opened(page: Page, board: Board, query: str = "lang=en", rows: int | None = None) -> Page:
    """The floor, once it has heard the board."""
    page.goto(f"{board.address}?view=floor&{query}")
    expect(page.locator('#floor[data-state="live"]')).to_be_visible(timeout=15_000)
    if rows is not None:
        expect(page.locator("#people tbody tr")).to_have_count(rows)
    return page


def api(page: Page, path: str) -> dict[str, Any]:
    """JSON as this browser gets it."""
    answer: dict[str, Any] = json.loads(page.evaluate(f"fetch('{path}').then((r) => r.text())"))
    return answer


def column(page: Page, name: str) -> list[str]:
    """The texts of a column's cells that are seen, top to bottom, with plain blanks."""
    place = page.evaluate(f"[...document.querySelectorAll('#people thead tr:last-child th')]"
                          f".findIndex((head) => head.dataset.column === '{name}')")  # fmt: skip
    cells = page.locator(f"#people tbody tr:not([hidden]) > :nth-child({place + 1})").all_inner_texts()
    return [" ".join(cell.split()) for cell in cells]


def percent(share: float) -> str:
    """A share in per cent with one decimal, halves away from zero as browsers do it."""
    return str((Decimal(str(share)) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP))


def names(page: Page) -> list[str]:
    """The operators that are seen, top to bottom."""
    return page.locator("#people tbody tr:not([hidden]) .who").evaluate_all(
        "(found) => found.map((one) => one.firstChild.textContent)"
    )


def test_every_row_is_that_of_the_api(page: Page, board: Board, start: Start) -> None:
    """Counts, rates with their intervals, or counts in grey where there are too few; in order of name by default."""
    start()
    opened(page, board, rows=12)
    rows = api(page, "/api/floor")["rows"]
    assert names(page) == [row["operator"] for row in rows]
    assert column(page, "calls") == [f"{row['calls']:,}" for row in rows]
    assert column(page, "hour.calls") == [f"{row['hour']['calls']:,}" for row in rows]
    for text, row in zip(column(page, "contact_rate"), rows, strict=True):
        rate = row["contact_rate"]
        if rate["too_few"]:
            assert text.startswith(f"{rate['numerator']}/{rate['denominator']}")
        else:
            low, high = percent(rate["low"]), percent(rate["high"])
            assert text == f"{percent(rate['value'])}% {low} to {high}%"


def test_a_row_changes_without_a_reload_and_a_new_one_joins(page: Page, board: Board, start: Start) -> None:
    """Within two seconds of the record."""
    now = clock_us() - 1
    pipeline = start(Made("o1", now), Made("o2", now))
    opened(page, board, rows=2)
    page.evaluate("document.querySelector('#people tbody tr').mark = 'kept'")
    pipeline.floor.made += [Made("o1", now), Made("o3", now)]
    pipeline.write()
    expect(page.locator("#people tbody tr")).to_have_count(3, timeout=3_000)
    assert column(page, "calls") == ["2", "1", "1"]
    assert page.evaluate("document.querySelector('#people tbody tr').mark") == "kept"


def test_rows_sort_by_any_column_and_by_name_at_first(page: Page, board: Board, start: Start) -> None:
    """No ranking by itself; largest first, then smallest; shares of too few cases last either way; kept in the link."""
    now = clock_us() - 1
    many = [Made("o1", now, "refused" if n < 2 else None, 30) for n in range(20)]
    more = [Made("o10", now, "refused" if n < 9 else None, 30) for n in range(20)]
    start(*many, *more, Made("o2", now, "concluded_appointments", 30))
    opened(page, board, rows=3)
    assert names(page) == ["o1", "o2", "o10"]
    page.get_by_role("button", name="Contact rate").click()
    assert names(page) == ["o10", "o1", "o2"]
    page.get_by_role("button", name="Contact rate").click()
    assert names(page) == ["o1", "o10", "o2"]
    expect(page.get_by_role("columnheader", name="Contact rate")).to_have_attribute("aria-sort", "ascending")
    page.reload()
    expect(page.locator("#people tbody tr")).to_have_count(3)
    assert names(page) == ["o1", "o10", "o2"]


def test_rows_can_be_cut_to_a_team_a_campaign_and_a_name(page: Page, board: Board, start: Start) -> None:
    """What is shown of how many is said; a campaign cuts the numbers as well; the link keeps it."""
    now = clock_us() - 1
    start(
        *[Made("anna", now, team="t1", campaign="autumn") for _ in range(3)],
        Made("anna", now, team="t1", campaign="winter"),
        Made("bert", now, team="t2", campaign="autumn"),
    )
    opened(page, board, rows=2)
    page.get_by_label("Team").select_option("t2")
    assert names(page) == ["bert"]
    expect(page.locator("#shown")).to_have_text("1 of 2 operators")
    page.get_by_label("Team").select_option("")
    page.get_by_label("Find").fill("AN")
    assert names(page) == ["anna"]
    page.get_by_label("Find").fill("")
    page.get_by_label("Campaign").select_option("winter")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    assert (names(page), column(page, "calls")) == (["anna"], ["1"])
    assert "campaign=winter" in page.url


def test_an_operators_day_opens_by_keyboard_and_closes_with_escape(page: Page, board: Board, start: Start) -> None:
    """Hours and their sum as the API has them; the focus goes in and comes back."""
    start()
    opened(page, board, rows=12)
    page.locator("#people .who").nth(3).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="lyon-o03")
    expect(dialog.locator("tfoot")).to_be_visible()
    day = api(page, "/api/operators/lyon-o03/day")
    assert dialog.locator("tbody [data-count=calls]").all_text_contents() == [str(h["calls"]) for h in day["hours"]]
    assert dialog.locator("tfoot [data-count=calls]").text_content() == str(day["total"]["calls"])
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    assert "operator=lyon-o03" in page.url
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent").startswith("lyon-o03")
    page.goto(f"{board.address}?view=floor&operator=lyon-o05&lang=en")
    expect(page.get_by_role("dialog", name="lyon-o05")).to_be_visible()


def test_a_silent_partition_freezes_its_rows_and_says_so(page: Page, board: Board, start: Start) -> None:
    """In words on each row and above the table; the other rows go on."""
    pipeline = start()
    opened(page, board, rows=12)
    pipeline.living = (0, 2, 3)
    expect(page.locator("#banner")).to_be_visible(timeout=20_000)
    frozen: set[str] = set()
    for _ in range(30):  # the answer may be of the moment before the operators were read again
        frozen = {row["operator"] for row in api(page, "/api/floor")["rows"] if row["partition"] == 1}
        if frozen:
            break
        page.wait_for_timeout(200)
    assert 0 < len(frozen) < 12
    # Banner and rows come with two messages.
    expect(page.locator("#people tr.still")).to_have_count(len(frozen), timeout=6_000)
    shown = page.locator("#people tr.still").evaluate_all("(rows) => rows.map((row) => row.dataset.operator)")
    assert set(shown) == frozen
    assert page.locator("#people tr.still .frozen").count() == len(frozen)
    pipeline.living = (0, 1, 2, 3)
    expect(page.locator("#people tr.still")).to_have_count(0, timeout=6_000)


def test_the_floor_speaks_french(page: Page, board: Board, start: Start) -> None:
    """Heads from the registry, numbers as French writes them."""
    now = clock_us() - 1
    start(*(Made("o1", now, "refused" if n % 4 == 0 else None, 496) for n in range(1_236)))
    opened(page, board, "lang=fr", rows=1)
    assert column(page, "calls") == ["1 236"]
    assert column(page, "contact_rate")[0].startswith("25,0 %")
    assert column(page, "mean") == ["8 min 16 s"]
    expect(page.get_by_role("columnheader", name="Taux de contact")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_hostile_ids_stay_text(page: Page, board: Board, start: Start) -> None:
    """An operator named like markup is shown as written, in the row and in the day."""
    now = clock_us() - 1
    start(Made(HOSTILE, now, team="<b>t</b>", campaign="<i>c</i>"))
    opened(page, board, rows=1)
    assert names(page) == [HOSTILE]
    page.locator("#people .who").click()
    expect(page.get_by_role("dialog").locator("tfoot")).to_be_visible()
    expect(page.locator("#day-title")).to_have_text(HOSTILE)
    assert page.locator("#floor img, #day img, #floor b, #day b, #floor i").count() == 0


def test_names_of_the_roster_stand_before_the_ids(page: Page, boards: Boards, start: Start, tmp_path: Path) -> None:
    """Found by name or id, in row and day; whoever has none is shown by the id; a changed file shows by itself."""
    roster = tmp_path / "roster.csv"
    roster.write_text("kind,id,name\n,o1,Zoé A.\nteam,t1,Morning\n")
    now = clock_us() - 1
    pipeline = start(Made("o1", now), Made("o2", now))
    board = boards(roster=str(roster))
    opened(page, board, rows=2)
    assert names(page) == ["o2", "Zoé A."]
    expect(page.locator("#people tr[data-operator=o1] th")).to_contain_text("Morning")
    page.get_by_label("Find").fill("zoé")
    assert names(page) == ["Zoé A."]
    roster.write_text("id,name\no1,Zoé B.\no2,Ada\n")
    page.get_by_label("Find").fill("")
    pipeline.write()
    expect(page.locator("#people tr[data-operator=o2] .who")).to_contain_text("Ada", timeout=10_000)


def test_a_firing_alert_stands_above_the_numbers_of_both_views(
    page: Page, boards: Boards, start: Start, answering: Answering
) -> None:
    """Text, since when, and a link only where it is one; nothing of it runs."""
    start()
    alert = {
        "labels": {"alertname": "A", "site": "lyon", "severity": "critical"}, "startsAt": "2026-11-23T10:00:00Z",
        "annotations": {"summary": HOSTILE, "runbook_url": "https://wiki.example/a"},
    }  # fmt: skip
    told = alert | {"annotations": {"summary": "Plain", "runbook": "javascript:alert(1)"}}
    board = boards(alertmanager_url=answering("/api/v2/alerts", [alert, told]))
    for view, sign in (("floor", "lang=en"), ("wall", "lang=fr")):
        page.goto(f"{board.address}?view={view}&{sign}")
        place = page.locator("#alerts")
        expect(place).to_contain_text(HOSTILE, timeout=15_000)
        expect(place).to_contain_text("Critical" if view == "floor" else "Critique")
        assert place.locator("a").evaluate_all("(links) => links.map((link) => link.href)") == [
            "https://wiki.example/a"
        ]
        assert place.locator("img").count() == 0


CUT_OFF = """
() => [...document.querySelectorAll('#people :is(th, td, button), .head > *, .foot > *')]
  .filter((part) => !part.closest('[hidden]') && part.scrollWidth > part.clientWidth + 2
    && getComputedStyle(part).display !== 'inline')
  .map((part) => `${part.tagName}.${part.className}: ${part.textContent.slice(0, 60)}`)
"""


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_table_fits_every_width(page: Page, board: Board, start: Start, size: tuple[int, int], theme: str) -> None:
    """No scrolling sideways, the page itself never scrolls, nothing is cut off, letters stay readable."""
    start()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for language in ("en", "fr"):
        opened(page, board, f"lang={language}&theme={theme}", rows=12)
        root = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert root == list(size)
        assert page.evaluate(
            "document.getElementById('main').scrollWidth <= document.getElementById('main').clientWidth"
        )
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('#people small')).fontSize)") >= 11


FRAMES = """
async () => {
  const times = [], until = performance.now() + 5000;
  let last = performance.now();
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  times.sort((a, b) => a - b);
  return [times[Math.floor(times.length / 2)], times.at(-1)];
}
"""
SORTING = """
() => {
  const began = performance.now();
  document.querySelector('[data-column="calls"] .sort').click();
  document.body.getBoundingClientRect();
  return performance.now() - began;
}
"""


def test_five_hundred_operators_stay_smooth(page: Page, board: Board, start: Start) -> None:
    """No frame waits for long while fifty rows change, sorting is at once, and events carry changed rows only."""
    pipeline = start(operators=500, hours=2)
    opened(page, board, rows=500)
    heard = "new Promise((told) => new EventSource('/api/floor/events').addEventListener('message', ({data}) => {"
    page.evaluate(f"() => {{ window.lengths = []; {heard} window.lengths.push(data.length); }})); }}")
    changed = [Made(f"lyon-o{n:02}", clock_us() - 1) for n in range(0, 500, 10)]
    pipeline.floor.made += changed
    # Records are made here before the browser is watched: that is not its work.
    pipeline.write()
    middle, longest = page.evaluate(FRAMES)
    # Alone a frame takes 17 ms, the longest 70, sorting 60: the bounds leave room for a machine that is busy.
    assert middle < 60
    assert longest < 500
    assert page.evaluate(SORTING) < 1_000
    assert len(names(page)) == 500
    lengths = page.evaluate("window.lengths")
    assert min(lengths) < 20_000 < max(lengths)
