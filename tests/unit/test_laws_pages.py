"""The laws of pages: a join, so order, repetition and stale versions change nothing."""

from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.fold import Fold
from processors.page import Acceptance, Page
from processors.statements import AnyStatement, decode_run, encode_run
from processors.tally import Tally
from schemas.kpis import OperatorHour
from streams.ledgers.live_page import LivePage
from tests.unit.core import Core, fold_anew
from tests.unit.floors import CLOCKS, HOUR_US, streams

RULES = st.sampled_from(["outcome-or-talk-20s", "outcome", "human-answered", "talk-60s"])


def _page(statements: Iterable[AnyStatement]) -> Page:
    page = Page("o1", HOUR_US)
    for statement in statements:
        page.accept(statement)
    return page


def _content(page: Page) -> tuple[int, set[bytes]]:
    return page.weight, {msgspec.msgpack.encode(statement) for statement in page.statements()}


def _merged(*pages: Page) -> Page:
    whole = Page("o1", HOUR_US)
    for page in pages:
        whole.merge(page)
    return whole


def _record(statements: Iterable[AnyStatement]) -> OperatorHour:
    core = Core(CLOCKS)
    for statement in statements:
        core.take(statement)
    return core.record(core.pages["o1", HOUR_US])


def _numbers(tally: Tally) -> tuple[object, ...]:
    return tally.counts, tally.talk_us, tally.slots, tally.amount_texts(), tally.sales_in or {}


def _folded(folded: Fold) -> tuple[object, ...]:
    return folded.latest, {part: _numbers(tally) for part, tally in folded.parts.items()}


@given(streams())
def test_merging_with_an_empty_page_or_with_itself_changes_nothing(stream: list[AnyStatement]) -> None:
    """The join has an identity and is idempotent."""
    page = _page(stream)
    once = _content(page)
    assert _content(_merged(page, Page("o1", HOUR_US))) == once == _content(_merged(Page("o1", HOUR_US), page))
    assert _content(_merged(page, page)) == once
    page.merge(page)
    assert _content(page) == once


@given(streams(), st.data())
def test_pages_merge_in_any_order_and_grouping(stream: list[AnyStatement], draw: st.DataObject) -> None:
    """The join is commutative and associative, also where its sides hold different versions of one fact."""
    sides: list[list[AnyStatement]] = [[], [], []]
    for statement in stream:
        for side in draw.draw(st.sets(st.integers(0, 2), min_size=1)):
            sides[side].append(statement)
    a, b, c = map(_page, sides)
    whole = _content(_merged(a, b, c))
    assert _content(_merged(c, b, a)) == _content(_merged(b, a, c)) == whole
    assert _content(_merged(_merged(a, b), c)) == _content(_merged(a, _merged(b, c))) == whole
    assert _merged(a, b, c).parts == a.parts | b.parts | c.parts


@settings(max_examples=100)
@given(streams(), st.data())
def test_any_order_and_repetition_of_a_stream_gives_the_same_record_to_the_byte(
    stream: list[AnyStatement], draw: st.DataObject
) -> None:
    """Shuffled, and with facts repeated anywhere, a stream gives one page and one operator record."""
    repeated = stream + draw.draw(st.lists(st.sampled_from(stream), max_size=8))
    shuffled = draw.draw(st.permutations(repeated))
    assert _content(_page(shuffled)) == _content(_page(stream))
    assert msgspec.json.encode(_record(shuffled)) == msgspec.json.encode(_record(stream))


@given(streams(), st.data())
def test_lower_versions_change_nothing(stream: list[AnyStatement], draw: st.DataObject) -> None:
    """What is left of a stream once every superseded version is taken out gives the same record."""
    last = list(_page(stream).statements())
    assert msgspec.json.encode(_record(draw.draw(st.permutations(last)))) == msgspec.json.encode(_record(stream))


@given(streams())
def test_the_revision_grows_with_every_accepted_change_and_with_nothing_else(stream: list[AnyStatement]) -> None:
    """Compared as text, a record's revision is greater after each accepted fact, and once final greater still."""
    core = Core(CLOCKS)
    before = ""
    for statement in stream + stream:
        acceptance = core.take(statement)
        page = core.pages["o1", HOUR_US]
        revision = core.record(page).revision
        grew = acceptance in (Acceptance.ACCEPTED, Acceptance.REPLACED)
        assert revision > before if grew else revision == before
        assert core.record(page, is_final=True).revision > revision
        before = revision
    weight = sum(statement.version + 1 for statement in core.pages["o1", HOUR_US].statements())
    assert before == f"0001-{weight:020d}-0"


def test_a_later_generation_outranks_whatever_an_earlier_one_said() -> None:
    """The generation comes first in a revision, whatever was counted and whether it was final."""
    hour = CLOCKS.of(None).hour(HOUR_US)
    pages = [LivePage("o1", hour), LivePage("o1", hour)]
    pages[0].weight = 10**19
    pages[1].weight = 1
    revisions = []
    for generation, page in enumerate(pages, 9):
        core = Core(CLOCKS, generation=generation)
        page.accept(decode_run(_CALL)[0])
        revisions.append(core.record(page, is_final=page is pages[0]).revision)
    assert revisions == sorted(revisions) and revisions[1].startswith("0010-")


_CALL = msgspec.msgpack.encode(
    [[0, "o1", HOUR_US, "c1", 0, False, [None, None, "autumn"], HOUR_US, 0, None, None, b""]]
)


@settings(max_examples=400)
@given(streams(most=20), RULES, st.data())
def test_a_running_fold_asked_for_at_any_moment_equals_a_fold_anew(
    stream: list[AnyStatement], rule: str, draw: st.DataObject
) -> None:
    """However many changes a worker's fold has to make good at once, it becomes that of the page as it stands."""
    core = Core(CLOCKS, rule)
    page = LivePage("o1", CLOCKS.of(None).hour(HOUR_US))
    page.begin(core.rule, is_present=True)
    for statement in stream:
        page.take(statement)
        if draw.draw(st.booleans()) or statement is stream[-1]:
            assert _folded(page.settle(CLOCKS, core.rule)) == _folded(fold_anew(page, core))


@given(streams(), st.data())
def test_a_page_recovered_from_runs_of_its_changelog_is_the_page(
    stream: list[AnyStatement], draw: st.DataObject
) -> None:
    """Accepted statements, cut into runs, some of them twice and in any order, merge into the page and its parts."""
    page = Page("o1", HOUR_US)
    good = (Acceptance.ACCEPTED, Acceptance.REPLACED)
    accepted = [statement for statement in stream if page.accept(statement) in good]
    cut = draw.draw(st.integers(0, len(accepted)))
    runs = [encode_run(accepted[:cut]), encode_run(accepted[cut:])]
    runs = draw.draw(st.permutations(runs + draw.draw(st.lists(st.sampled_from(runs), max_size=2))))
    recovered = _merged(*(_page(decode_run(run)) for run in runs))
    assert _content(recovered) == _content(page)
    assert recovered.parts == page.parts


@settings(max_examples=100)
@given(streams(), RULES)
def test_counts_add_up_as_their_definitions_say(stream: list[AnyStatement], rule: str) -> None:
    """Conclusions add up to conversations, statuses to appointments, and no part is greater than its whole."""
    core = Core(CLOCKS, rule)
    for statement in stream:
        core.take(statement)
    record = core.record(core.pages["o1", HOUR_US])
    counts = record.counts
    conclusions = counts.refused + counts.warm_leads + counts.callbacks + counts.concluded_appointments
    assert conclusions + counts.unclassified == counts.conversations
    assert counts.honoured + counts.no_shows + counts.cancelled + counts.pending == counts.appointments
    assert counts.calls >= counts.answered >= counts.human_answered >= counts.abandoned
    assert counts.human_answered >= counts.conversations >= counts.timed
    assert counts.warm_leads >= counts.warm_short + counts.warm_medium + counts.warm_long
    assert counts.appointments >= counts.judged >= counts.forced + counts.irrelevant
    rows = (record.slots.calls, record.slots.conversations, record.slots.appointments)
    assert [sum(row) for row in rows] == [counts.calls, counts.conversations, counts.appointments]
    assert sum(part.counts.calls for part in record.campaigns.values()) == counts.calls
