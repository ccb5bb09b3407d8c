"""Made-up call logs in the shape that the mapping `technion` reads, with the dirt that such logs have."""

import gzip
from pathlib import Path
from random import Random

COLUMNS = (
    *("vru+line", "call_id", "customer_id", "priority", "type", "date", "vru_entry", "vru_exit", "vru_time"),
    *("q_start", "q_exit", "q_time", "outcome", "ser_start", "ser_exit", "ser_time", "server"),
)
NONE = "0:00:00"
_OPERATORS = tuple(f"OP{number:02d}" for number in range(1, 9))


def time_of_day(second: int) -> str:
    """h:mm:ss; what lies beyond midnight begins again at 0."""
    second %= 86_400
    return f"{second // 3600}:{second // 60 % 60:02d}:{second % 60:02d}"


def row(**cells: object) -> str:
    """One line of a log; cells that are not given are those of a call that nobody served."""
    usual = {
        "vru+line": "AA0101",
        "call_id": "1",
        "customer_id": "0",
        "priority": "0",
        "type": "PS",
        "date": "990104",
        "vru_entry": "10:00:00",
        "vru_exit": "10:00:09",
        "vru_time": "9",
        "q_start": NONE,
        "q_exit": NONE,
        "q_time": "0",
        "outcome": "HANG",
        "ser_start": NONE,
        "ser_exit": NONE,
        "ser_time": "0",
        "server": "NO_SERVER",
    }
    return "\t".join(str({**usual, **cells}[column]) for column in COLUMNS)


def served(start: int, talk: int, **cells: object) -> str:
    """A call from `start` (seconds of the day) that an operator answers ten seconds later, for `talk` seconds."""
    vru = {"vru_entry": time_of_day(start), "vru_exit": time_of_day(start + 10), "vru_time": 10}
    service = {"ser_start": time_of_day(start + 10), "ser_exit": time_of_day(start + 10 + talk), "ser_time": talk}
    return row(**{**vru, **service, "outcome": "AGENT", "server": "OP01", **cells})


def write_log(path: Path, lines: list[str], packed: bool = False) -> Path:
    """Writes rows below their header, with gzip where asked; the file's name says nothing about it."""
    content = "".join(f"{line}\n" for line in ["\t".join(COLUMNS), *lines]).encode("latin-1")
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def dirty_log(seed: int, rows: int) -> list[str]:
    """Rows of three days, sorted by line and not by time: good ones, and every kind of dirt among them."""
    luck = Random(seed)
    made = [_any_row(luck, number) for number in range(rows)]
    return sorted(made, key=lambda line: line.split("\t")[0])


def _any_row(luck: Random, number: int) -> str:
    who = {
        "vru+line": f"AA{luck.randrange(101, 117):04d}",
        "call_id": 30_000 + number,
        "type": luck.choice(("PS", "PS", "NW", "NE", "TT")),
        "date": f"9901{luck.randrange(4, 7):02d}",
        "server": luck.choice(_OPERATORS),
    }
    start, talk = luck.randrange(25_200, 86_400), int(luck.expovariate(1 / 90))
    kind = luck.random()
    for share, make in _DIRT:
        if kind < share:
            return make(luck, start, talk, who)
        kind -= share
    return served(start, talk, **who)


def _hung_up(luck: Random, start: int, _: int, who: dict[str, object]) -> str:
    queue = luck.randrange(1, 300)
    times = {"vru_entry": time_of_day(start), "vru_exit": time_of_day(start + 9)}
    waits = {"q_start": time_of_day(start + 9), "q_exit": time_of_day(start + 9 + queue), "q_time": queue}
    return row(**{**who, **times, **waits, "server": "NO_SERVER"})


def _phantom(_: Random, start: int, talk: int, who: dict[str, object]) -> str:
    return served(start, talk, **{**who, "outcome": "PHANTOM", "server": "NO_SERVER"})


def _negative(luck: Random, start: int, talk: int, who: dict[str, object]) -> str:
    return served(start, talk, **{**who, luck.choice(("vru_time", "q_time", "ser_time")): -luck.randrange(1, 60)})


def _no_operator(_: Random, start: int, talk: int, who: dict[str, object]) -> str:
    return served(start, talk, **{**who, "server": "NO_SERVER"})


def _no_service(_: Random, start: int, __: int, who: dict[str, object]) -> str:
    return served(start, 0, **{**who, "ser_start": NONE, "ser_exit": NONE})


def _two_clocks(luck: Random, start: int, talk: int, who: dict[str, object]) -> str:
    early = time_of_day(start - luck.randrange(1, 6))
    return served(start, talk, **{**who, "ser_start": early})


def _answered_before(luck: Random, start: int, talk: int, who: dict[str, object]) -> str:
    return served(start, talk, **{**who, "ser_start": time_of_day(start - luck.randrange(6, 900))})


def _ended_before(luck: Random, start: int, talk: int, who: dict[str, object]) -> str:
    return served(start, talk, **{**who, "ser_exit": time_of_day(start - luck.randrange(6, 900))})


def _midnight(luck: Random, _: int, talk: int, who: dict[str, object]) -> str:
    return served(86_400 - luck.randrange(1, 40), talk + 20, **who)


_DIRT = (
    (0.12, _hung_up),
    (0.02, _phantom),
    (0.02, _negative),
    (0.03, _no_operator),
    (0.02, _no_service),
    (0.05, _two_clocks),
    (0.01, _answered_before),
    (0.01, _ended_before),
    (0.03, _midnight),
)
