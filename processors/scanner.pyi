from collections.abc import Callable
from typing import Any

from processors.building import Place
from processors.statements import CallStatement, ConversationStatement

class Scanner:
    ended_us: int
    def __init__(self, place: Callable[[tuple[str | None, ...]], Place]) -> None: ...
    def scan(
        self, kind: int, key: bytes | None, value: bytes | None, record_us: int
    ) -> CallStatement | ConversationStatement | None: ...
    # Of compiled modules only: the same of a record by where it lies.
    def scan_bytes(
        self, kind: int, key_size: int, value: Any, size: int, record_ms: int
    ) -> CallStatement | ConversationStatement | None: ...
