"""However many browsers look, the wall is put together once."""

import msgspec

from processors.times import MINUTE_US, SECOND_US, parse_time
from streams.board.alerts import Firing
from streams.board.answers import Answers
from streams.board.reader import Reader, connect
from streams.board.rounds import Rounds
from streams.board.wall import Wall
from streams.board.watch import Watch
from tests.board_floor import Floor, Made, holdings_of

NOW = parse_time("2026-11-23T15:42:07Z")


class Looked:
    """Answers over a floor of one call, with a clock set by hand and a Redis that is never asked."""

    def __init__(self) -> None:
        self.now = NOW
        floor = Floor({})
        floor.made = [Made("o1", NOW - MINUTE_US)]
        reader = Reader(connect("redis://127.0.0.1:1/0"), "")
        rounds = Rounds(reader, holdings_of(floor, NOW), lambda: self.now)
        self.watch = Watch(reader, rounds)
        self.answers = Answers(self.watch, Firing(None), lambda: self.now)


def test_many_who_ask_in_one_round_get_the_very_same_answer() -> None:
    """A hundred clients cost one assembly."""
    looked = Looked()
    assert len({id(looked.answers.answer(None)) for _ in range(100)}) == 1


def test_a_new_round_or_a_later_moment_is_a_new_answer() -> None:
    """The shared answer is never older than half a second or one round."""
    looked = Looked()
    first = looked.answers.answer(None)
    looked.watch.turns += 1
    second = looked.answers.answer(None)
    looked.now += SECOND_US
    third = looked.answers.answer(None)
    assert len({id(answer) for answer in (first, second, third)}) == 3


def test_the_clock_alone_is_no_news() -> None:
    """Two seconds later nothing but the time has changed: the numbers compare equal, the bodies do not."""
    looked = Looked()
    first = looked.answers.answer(None)
    looked.now += 2 * SECOND_US
    second = looked.answers.answer(None)
    assert first.numbers == second.numbers
    assert first.body != second.body


def test_sites_that_nobody_asks_for_any_more_are_forgotten() -> None:
    """Names come from whoever asks, so memory must not grow with them."""
    looked = Looked()
    for number in range(50):
        looked.answers.answer(f"made-up-{number}")
    looked.watch.turns += 1
    looked.answers.answer("lyon")
    assert list(looked.answers._made) == ["lyon"]


def test_the_answer_decodes_as_the_documented_shape() -> None:
    """What is sent is a `Wall`, strictly."""
    wall = msgspec.json.decode(Looked().answers.answer("lyon").body, type=Wall)
    assert (wall.rolling.calls, wall.site.id) == (1, "lyon")
