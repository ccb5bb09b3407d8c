from collections.abc import Callable

from processors.building import Place
from processors.statements import CallStatement, ConversationStatement

class Scanner:
    ended_us: int
    def __init__(self, place: Callable[[tuple[str | None, ...]], Place]) -> None: ...
    def scan(
        self, kind: int, key: bytes | None, value: bytes | None, record_us: int
    ) -> CallStatement | ConversationStatement | None: ...
