"""The page itself: one HTML file, filled in with language and theme, and the words it shows."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Literal, cast

from processors.kpis import COUNTS, KPIS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"

Language = Literal["en", "fr"]
Theme = Literal["dark", "light"]
View = Literal["wall", "floor"]
VIEWS: dict[str, View] = {"wall": "wall", "floor": "floor"}
LANGUAGES: tuple[Language, ...] = ("en", "fr")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_WEIGHTED = re.compile(r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]{1,5}))?\s*$")


class Page:
    """The HTML and the words, read once."""

    def __init__(self) -> None:
        self._html = {name: (STATIC / f"{name}.html").read_text("utf-8") for name in ("wall", "floor", "sign-in")}
        self._words = catalogue()
        self.build = _build(self._words)

    def html(self, view: View, language: Language, theme: Theme, *, is_signed_in: bool = False) -> str:
        """A view's page in a language and a theme; who is signed in can sign out."""
        words = self._words[language]
        title = words["title" if view == "wall" else "floor.title"]
        places = {"lang": language, "theme": theme, "build": self.build}
        places["signed"] = "yes" if is_signed_in else "no"
        return self._filled(view, places | {"title": title, "noscript": words["noscript"]})

    def sign_in(self, language: Language, theme: Theme, said: str, after: str) -> str:
        """The page that asks for a token; `said` is the key of its sentence, `after` where it leads."""
        words = self._words[language]
        places = {"lang": language, "theme": theme, "after": after} | {
            name: words[key]
            for name, key in (
                ("title", "sign_in"), ("said", said), ("token", "sign_in.token"), ("enter", "sign_in.enter")
            )
        }  # fmt: skip
        return self._filled("sign-in", places)

    def _filled(self, name: str, places: dict[str, str]) -> str:
        return _PLACE.sub(lambda found: escape(places[found[1]]), self._html[name])

    def words(self, language: Language) -> dict[str, str]:
        """Every text of the page by key."""
        return self._words[language]


def _build(words: dict[Language, dict[str, str]]) -> str:
    """A name for these very files and words: a page of another build loads itself anew."""
    digest = sha256(json.dumps(words, sort_keys=True).encode())
    for file in sorted(STATIC.iterdir()):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def catalogue() -> dict[Language, dict[str, str]]:
    """All texts by language and key: `words.json`, and names and questions of the KPI registry."""
    own: dict[str, dict[str, str]] = json.loads((FOLDER / "words.json").read_text("utf-8"))
    return {language: _of_language(own, language) for language in LANGUAGES}


def _of_language(own: dict[str, dict[str, str]], language: Language) -> dict[str, str]:
    words = {key: texts[language] for key, texts in own.items()}
    for kpi in KPIS:
        words[f"kpi.{kpi.name}"] = kpi.label[language]
        words[f"answers.{kpi.name}"] = kpi.answers[language]
    return words | {f"count.{count.name}": count.label[language] for count in COUNTS}


def theme_of(query: Mapping[str, str]) -> Theme:
    """The theme that a page's address asks for: dark unless it says light."""
    return "light" if query.get("theme") == "light" else "dark"


def preferred(asked: str | None, accept: str) -> Language:
    """The language asked for, else the best of an `Accept-Language` header that is spoken here, else English."""
    if asked in LANGUAGES:
        return asked
    best, best_weight = LANGUAGES[0], 0.0
    for part in accept[:500].split(","):
        found = _WEIGHTED.match(part)
        if not found or found[1].lower() not in LANGUAGES:
            continue
        weight = _weight(found[2])
        if weight > best_weight:
            best, best_weight = cast("Language", found[1].lower()), weight
    return best


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0
