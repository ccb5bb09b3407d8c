"""The table of settings, from the settings themselves."""

import json
from typing import Any

from pydantic.fields import FieldInfo

from streams.documents.markdown import code, page, table
from streams.settings import Settings, accepts, env_name

HOW = [
    "A setting is an environment variable, or a line of the file `.env` in the folder where the command starts; the",
    "environment wins. A wrong value stops every command at its start, with the setting's name and what it takes.",
]


def settings_page() -> str:
    """``docs/settings.md``."""
    return page("Settings", HOW, settings_table())


def settings_table() -> list[str]:
    """Every setting: its variable, its default, what it is for, what it takes."""
    rows = (
        (code(env_name(name)), _default(name, field), field.description or "", accepts(name))
        for name, field in Settings.model_fields.items()
    )
    return table(("setting", "default", "is", "takes"), rows)


def _default(name: str, field: FieldInfo) -> str:
    value: Any = field.default
    if value is None:
        return "none"
    if value == "":
        return "empty"
    return code(f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value))
