"""The page's words and languages, and what it may not contain."""

import json
import re

import pytest

from processors.kpis import COUNTS, KPIS
from streams.board.page import FOLDER, LANGUAGES, STATIC, VIEWS, Page, catalogue, preferred

SCRIPTS = sorted(STATIC.glob("*.js"))
PLACE = re.compile(r"\{(\w+)\}")


def test_both_languages_have_every_word_with_the_same_places() -> None:
    """A text missing in one language, or without one of its values, would show on a wall."""
    own = json.loads((FOLDER / "words.json").read_text("utf-8"))
    for key, texts in own.items():
        assert set(texts) == set(LANGUAGES), key
        assert all(texts.values()), key
        assert set(PLACE.findall(texts["en"])) == set(PLACE.findall(texts["fr"])), key


def test_every_word_that_the_scripts_ask_for_is_there() -> None:
    """Keys written out in the scripts are in the catalogue."""
    words = catalogue()["fr"]
    asked = {key for script in SCRIPTS for key in re.findall(r'\bsay\("([^"]+)"', script.read_text("utf-8"))}
    assert len(asked) > 25
    assert asked <= set(words)


def test_names_of_kpis_and_counts_come_from_the_registry() -> None:
    """The wall calls a KPI what the registry calls it."""
    words = catalogue()
    assert words["fr"]["kpi.contact_rate"] == next(kpi.label["fr"] for kpi in KPIS if kpi.name == "contact_rate")
    assert {f"count.{count.name}" for count in COUNTS} <= set(words["en"])


@pytest.mark.parametrize(
    ("asked", "accept", "language"),
    [
        (None, "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        (None, "de;q=1, en;q=0.3, fr;q=0.4", "fr"),
        (None, "de", "en"),
        (None, "fr;q=x, en;q=0.1", "en"),
        ("en", "fr", "en"),
        ("xx", "fr", "fr"),
        (None, "", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_browsers(asked: str | None, accept: str, language: str) -> None:
    """`?lang=` first, then Accept-Language by weight, then English."""
    assert preferred(asked, accept) == language


def test_nothing_comes_from_elsewhere_and_no_markup_is_made_from_text() -> None:
    """No address of another host, no inline script or style, and no way for an id to become markup."""
    for file in STATIC.iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file.name
        assert "https://" not in text, file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), file.name
    page = Page()
    htmls = [page.html(view, "en", "dark") for view in VIEWS.values()]
    for html in [*htmls, page.sign_in("fr", "light", "sign_in.wall", '/?a="><script>')]:
        assert "{{" not in html
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", html)


def test_a_changed_file_is_another_build() -> None:
    """The page carries the name of its build, by which it knows when to load itself anew."""
    page = Page()
    assert re.fullmatch(r"[0-9a-f]{12}", page.build)
    assert page.build in page.html("wall", "fr", "light")
