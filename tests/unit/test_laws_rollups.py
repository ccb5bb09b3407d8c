"""The laws of roll-ups: the sum over owners, whatever the order, the repetition and the moves on the way."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.fold import Fold
from processors.owners import is_operator
from processors.page import Page
from processors.rollup import Contribution, HourPage, Target, contribution, targets_of
from processors.statements import AnyStatement
from processors.sums import Sum, to_lanes
from processors.tally import PackedTally
from schemas.kpis import CampaignHour, SiteHour, TeamHour
from tests.unit.core import Core
from tests.unit.floors import CLOCKS, HOUR_US, streams

OWNERS = ("o1", "o2", "@autumn")
RollUpHour = CampaignHour | TeamHour | SiteHour


@st.composite
def floors(draw: st.DrawFn) -> dict[str, list[AnyStatement]]:
    """Streams of several owners of one hour; the dialer's own page holds calls alone."""
    found = {owner: draw(streams(owner, most=6)) for owner in OWNERS}
    calls = [statement for statement in found["@autumn"] if statement.id.startswith("c")]
    return found | {"@autumn": calls}


def _told(core: Core, floor: dict[str, list[AnyStatement]]) -> list[Contribution]:
    """Every contribution that the owners make on the way."""
    told = []
    for owner, stream in floor.items():
        for statement in stream:
            core.take(statement)
            told.append(core.contribution(core.pages[owner, HOUR_US]))
    return told


def _records(contributions: list[Contribution], core: Core) -> dict[Target, RollUpHour]:
    hour = HourPage(HOUR_US)
    for one in contributions:
        hour.accept(one)
    return {target: hour.record(target, core.meaning, HOUR_US) for target in hour.roll_ups}


def _last(told: list[Contribution]) -> list[Contribution]:
    return list({one.owner: one for one in told}.values())


def _counting(records: dict[Target, RollUpHour]) -> dict[Target, bytes]:
    """Records but for revision, and without those of zeros."""
    zeroed = {target: msgspec.structs.replace(record, revision="") for target, record in records.items()}
    return {target: msgspec.json.encode(record) for target, record in zeroed.items() if any(_body(record)[0])}


def _body(record: RollUpHour) -> tuple[list[int], float, dict[str, str]]:
    return list(msgspec.structs.astuple(record.counts)), record.talk_seconds, record.amounts


@settings(max_examples=80)
@given(floors(), st.data())
def test_roll_ups_depend_only_on_the_last_word_of_each_owner(
    floor: dict[str, list[AnyStatement]], draw: st.DataObject
) -> None:
    """In any order, repeated, and with stale contributions among them, roll-ups are those of the last ones alone."""
    core = Core(CLOCKS)
    told = _told(core, floor)
    expected = _records(_last(told), core)
    arrived = draw.draw(st.permutations(_last(told) + draw.draw(st.lists(st.sampled_from(told), max_size=12))))
    assert _records(arrived, core) == expected


@settings(max_examples=80)
@given(floors(), st.data())
def test_facts_in_any_order_give_roll_ups_equal_but_for_revision_and_zeros(
    floor: dict[str, list[AnyStatement]], draw: st.DataObject
) -> None:
    """What a fact left by moving may be remembered or not; what counts is the same to the byte."""
    shuffled = {owner: draw.draw(st.permutations(stream)) for owner, stream in floor.items()}
    first, second = Core(CLOCKS), Core(CLOCKS)
    expected = _counting(_records(_told(first, floor), first))
    assert _counting(_records(_told(second, shuffled), second)) == expected


@settings(max_examples=80)
@given(floors())
def test_a_roll_up_is_the_sum_of_its_owners_parts(floor: dict[str, list[AnyStatement]]) -> None:
    """Campaign, team and site add up the folds of the pages, counted here from the pages themselves."""
    core = Core(CLOCKS)
    records = _records(_told(core, floor), core)
    for target, record in records.items():
        counts, talk_us, operators, weight = [0] * 24, 0, 0, 0
        for page in core.pages.values():
            folded, _ = core.settled(page)
            mine = [tally for part, tally in folded.parts.items() if target in targets_of(part)]
            counts = [sum(column) for column in zip(counts, *(tally.counts for tally in mine), strict=True)]
            talk_us += sum(tally.talk_us for tally in mine)
            operators += bool(mine) and is_operator(page.owner)
            weight += page.weight if any(target in targets_of(part) for part in page.parts) else 0
        assert _body(record)[:2] == (counts, talk_us / 1e6)
        assert record.operators == operators
        assert record.revision == f"0001-{weight:020d}-0"


@given(floors())
def test_a_roll_up_is_final_once_all_its_contributors_are(floor: dict[str, list[AnyStatement]]) -> None:
    """F is the least over the contributors: one open page keeps its roll-ups open."""
    core = Core(CLOCKS)
    _told(core, floor)
    finals = [core.contribution(page, is_final=True) for page in core.pages.values()]
    assert all(record.is_final for record in _records(finals, core).values())
    first = core.contribution(next(iter(core.pages.values())))
    for target, record in _records([first, *finals[1:]], core).items():
        touched = any(target in targets_of(part) for part, _ in first.parts)
        assert record.is_final == (not touched) == record.revision.endswith("-1")


@settings(max_examples=80)
@given(floors())
def test_a_roll_ups_revision_grows_with_every_contribution_that_changes_it(
    floor: dict[str, list[AnyStatement]],
) -> None:
    """Compared as text, so that a reader keeps the newest record."""
    core = Core(CLOCKS)
    hour = HourPage(HOUR_US)
    before: dict[Target, str] = {}
    for one in _told(core, floor):
        for target in hour.accept(one) or ():
            revision = hour.record(target, core.meaning, HOUR_US).revision
            assert revision > before.get(target, "")
            before[target] = revision


_lists = st.sampled_from([0, 6, 12]).flatmap(
    lambda size: st.lists(st.integers(0, 99), min_size=3 * size, max_size=3 * size)
)
_tallies = st.builds(
    PackedTally,
    st.lists(st.integers(0, 99), min_size=24, max_size=24),
    st.integers(0, 10**12),
    _lists,
    st.dictionaries(st.sampled_from(["EUR", "CHF"]), st.sampled_from(["0", "0.1", "999999999999999999.999999"])),
)


def _sum(added: list[PackedTally], removed: list[PackedTally]) -> Sum:
    summed = Sum()
    for tally in added:
        summed.change(to_lanes(tally), [tally.amounts or {}], [])
    for tally in removed:
        summed.change(-to_lanes(tally), [], [tally.amounts or {}])
    return summed


@given(st.lists(_tallies, max_size=4), st.lists(_tallies, max_size=4))
def test_taking_out_a_tally_undoes_adding_it(kept: list[PackedTally], taken: list[PackedTally]) -> None:
    """Whatever their slots' lengths, what was added and taken out leaves no trace, to the last decimal."""
    alone, mixed = _sum(kept, []).tally(12), _sum(taken + kept, taken).tally(12)
    assert mixed.packed() == alone.packed()
    assert set(mixed.amounts or {}) == set(alone.amounts or {})


@given(_tallies, _tallies)
def test_a_sum_adds_number_by_number_from_the_hours_start(first: PackedTally, second: PackedTally) -> None:
    """A short hour's slots are the first of the longer one's, and no lane runs into the next."""
    summed = _sum([first, second], []).tally(12)
    rows = [
        [tally.slots[row * len(tally.slots) // 3 :][: len(tally.slots) // 3] for row in range(3)]
        for tally in (first, second)
    ]
    padded = [[row + [0] * (12 - len(row)) for row in rows_of] for rows_of in rows]
    assert summed.counts == [a + b for a, b in zip(first.counts, second.counts, strict=True)]
    assert summed.talk_us == first.talk_us + second.talk_us
    assert summed.slots == [
        a + b for mine, theirs in zip(*padded, strict=True) for a, b in zip(mine, theirs, strict=True)
    ]


def test_a_contribution_names_every_part_that_its_page_ever_named() -> None:
    """What moved away leaves a part without anything behind, so that the roll-up it left is written anew."""
    page, core = Page("o1", HOUR_US), Core(CLOCKS)
    page.parts = frozenset({("pune", None, "autumn"), (None, "t1", None)})
    empty = contribution(page, Fold(HOUR_US, 12, core.rule), CLOCKS.default.hour(HOUR_US), core.meaning, False)
    assert empty.parts == [((None, "t1", None), None), (("pune", None, "autumn"), None)]
