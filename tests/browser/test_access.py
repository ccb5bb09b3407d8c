"""Signing in to a board in a real browser, with each kind of token."""

import json

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Boards, Start

WALL, FLOOR = "wall-token-of-20-signs", "floor-token-of-20-signs"


def enter(page: Page, token: str, label: str = "Token", button: str = "Open") -> None:
    """Types a token and sends it, by keyboard alone."""
    expect(page.get_by_label(label)).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.wait_for_load_state()


def test_the_walls_token_shows_the_wall_and_stops_before_the_people(
    page: Page, chromium: BrowserContext, boards: Boards, start: Start
) -> None:
    """A wrong token is told so; the floor asks for its own; each view then lives, events and all."""
    start()
    board = boards(board_wall_token=WALL, board_floor_token=FLOOR)
    chromium.clear_cookies()
    page.goto(f"{board.address}?lang=en")
    enter(page, "nothing-like-a-token")
    expect(page.get_by_role("status")).to_contain_text("no token of this board")
    enter(page, WALL)
    expect(page.locator('#wall[data-state="live"]')).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="Floor").click()
    expect(page.get_by_role("status")).to_contain_text("shows people")
    assert "lyon-o" not in page.content()
    enter(page, FLOOR)
    expect(page.locator("#people tbody tr")).to_have_count(12, timeout=15_000)
    assert "token" not in page.url
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    chromium.clear_cookies()


def test_a_screen_without_a_keyboard_is_signed_in_by_its_link_in_french(
    page: Page, chromium: BrowserContext, boards: Boards, start: Start
) -> None:
    """The token leaves the address and no script of the page can read the cookie."""
    start()
    board = boards(board_wall_token=WALL)
    chromium.clear_cookies()
    page.goto(f"{board.address}?lang=fr")
    expect(page.get_by_label("Jeton")).to_be_visible()
    page.goto(f"{board.address}?lang=fr&token={WALL}")
    expect(page.locator('#wall[data-state="live"]')).to_be_visible(timeout=15_000)
    assert (WALL in page.url, page.evaluate("document.cookie")) == (False, "")
    shut = json.loads(page.evaluate("fetch('/api/floor').then((r) => r.text())"))
    assert "do" in shut
    chromium.clear_cookies()


def test_a_page_whose_sign_in_has_ended_asks_again(
    page: Page, chromium: BrowserContext, boards: Boards, start: Start
) -> None:
    """Not a wall that says that it lost the board: it did not, it is shut out."""
    start()
    board = boards(board_floor_token=FLOOR)
    chromium.clear_cookies()
    page.goto(f"{board.address}?lang=en&view=floor&token={FLOOR}")
    expect(page.locator("#people tbody tr")).to_have_count(12, timeout=15_000)
    chromium.clear_cookies()
    board.restart()
    expect(page.get_by_label("Token")).to_be_visible(timeout=20_000)
