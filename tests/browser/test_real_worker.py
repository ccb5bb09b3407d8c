"""The wall with the whole pipeline behind it: facts in Kafka, a real worker, Redis, the board, a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from streams.producing import FactProducer, Outgoing
from streams.settings import Settings
from tests.browser.conftest import Board
from tests.browser.wall_page import agreed, api, opened
from tests.integration.pipeline_rig import ago, call
from tests.workers import Worker, running_worker

OPERATORS = 7


def _calls(name: str, started_at: str) -> list[Outgoing]:
    """Two calls of each operator, one of them a conversation."""
    return [
        call(f"{name}-{number}-{talk}", started_at, operator_id=f"o{number}", answered_by="human", talk_seconds=talk)
        for number in range(OPERATORS)
        for talk in (3.0, 45.0)
    ]


def _produce(settings: Settings, records: list[Outgoing]) -> None:
    with FactProducer(settings) as producer:
        for record in records:
            producer.send(record)


def _assert_rolling(page: Page, calls: int, timeout_s: float = 5) -> None:
    """The page comes to these numbers by itself, and they are the API's."""
    expect(page.locator('[data-number="rolling.calls"]')).to_have_text(str(calls), timeout=timeout_s * 1000)
    rolling = agreed(page)["rolling"]
    assert (rolling["calls"], rolling["conversations"]) == (calls, calls // 2)


@pytest.mark.timeout(180)
def test_the_wall_follows_a_real_worker_through_its_death(
    page: Page, board: Board, settings: Settings, tmp_path: Path
) -> None:
    """Numbers move without a reload; a killed worker is told in words, for how many; its successor goes on."""
    with running_worker(settings, tmp_path) as worker:
        _produce(settings, _calls("first", ago(90)))
        opened(page, board)
        _assert_rolling(page, 2 * OPERATORS)
        page.evaluate("window.stillHere = true")
        _produce(settings, _calls("second", ago(60)))
        _assert_rolling(page, 4 * OPERATORS)
        worker.kill()
        # Ten seconds of silence are what the board waits for, and a look or two.
        expect(page.locator("#banner")).to_be_visible(timeout=15_000)
        expect(page.locator("#banner")).to_contain_text("FIGURES FROZEN")
        expect(page.locator("#banner")).to_contain_text(f"no longer answers, for any of {OPERATORS} operators")
        assert api(page)["freshness"]["operators"] == {"affected": OPERATORS, "known": OPERATORS}
    _produce(settings, _calls("third", ago(30)))
    successor = Worker(settings, tmp_path)
    try:
        successor.wait_until_ready()
        expect(page.locator("#banner")).to_be_hidden(timeout=10_000)
        _assert_rolling(page, 6 * OPERATORS)
        assert page.evaluate("window.stillHere") is True
    finally:
        successor.stop()
