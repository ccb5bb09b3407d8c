"""docker-compose.yml as a container engine would read it, without one."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("topics", "worker", "board", "recount", "simulate")
"""The services that run a command of Dialpulse."""


def compose() -> dict[str, Any]:
    """The whole file, its anchors resolved."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def services() -> dict[str, dict[str, Any]]:
    """Every service by name."""
    return compose()["services"]


def published(service: dict[str, Any]) -> list[tuple[str, int, int]]:
    """The published ports of a service: (address on the host, port there, port in the container)."""
    found = []
    for port in service.get("ports", []):
        address, outside, inside = port.rsplit(":", 2)
        found.append((address, int(outside), int(inside)))
    return found
