"""The table of least rights, from the roles themselves."""

from schemas.rights import Right, roles
from streams.documents.markdown import code, table


def rights_table() -> list[str]:
    """Every role: what it is, and what it may do with which topics and groups."""
    rows = []
    for name, role in roles().items():
        for operations, rights in _alike(role.rights).items():
            kind, granted = operations
            names = ", ".join(code(f"{right.name}{'*' if right.begins else ''}") for right in rights)
            rows.append((code(name), role.purpose, kind, granted, names))
    return table(("role", "is", "on", "may", "names"), rows)


def _alike(rights: tuple[Right, ...]) -> dict[tuple[str, str], list[Right]]:
    found: dict[tuple[str, str], list[Right]] = {}
    for right in rights:
        found.setdefault((right.kind, ", ".join(right.operations)), []).append(right)
    return found
