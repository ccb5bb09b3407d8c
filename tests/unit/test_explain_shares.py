"""What `dialpulse explain` says of each statement: found by folding, and it adds up."""

from collections import Counter

import pytest

from processors.fold import fold
from processors.hours import Clocks
from processors.page import Page
from processors.rules import rule_named
from processors.statements import KIND_OF, KINDS
from processors.times import parse_time
from schemas.kpis import COUNT_NAMES
from streams.recount.sharing import Share, shares
from streams.recount.telling import verdict
from tests.golden import Golden, load_golden
from tests.unit.core import Core

SEQUENCES = {golden.name: golden for golden in load_golden()}


def pages_of(golden: Golden) -> list[Page]:
    core = Core(Clocks("UTC", golden.site_time_zones), golden.conversation_rule)
    for fact in golden.facts:
        core.offer(fact.topic, fact.key.encode(), fact.value_bytes(), parse_time(fact.recorded_at))
    return list(core.pages.values())


def told(name: str) -> dict[str, list[str]]:
    """The verdicts over a golden sequence's pages, by kind of fact."""
    golden = SEQUENCES[name]
    rule = rule_named(golden.conversation_rule)
    found: dict[str, list[str]] = {}
    for page in pages_of(golden):
        for share in shares(page, 12, rule):
            found.setdefault(KINDS[KIND_OF[type(share.statement)]], []).append(verdict(share, rule))
    return found


@pytest.mark.parametrize("golden", SEQUENCES.values(), ids=lambda golden: golden.name)
def test_what_the_statements_of_a_page_add_is_what_the_page_counts(golden: Golden) -> None:
    """Nothing is explained that is not counted, nothing counted that is not explained."""
    rule = rule_named(golden.conversation_rule)
    for page in pages_of(golden):
        found = shares(page, 12, rule)
        tally = fold(page, 12, rule).total()
        added: Counter[str] = Counter()
        for share in found:
            added.update(share.adds)
        assert {name: added[name] for name in COUNT_NAMES} == dict(zip(COUNT_NAMES, tally.counts, strict=True))
        assert sum(share.talk_us for share in found) == tally.talk_us
        assert len(found) == len(page)


@pytest.mark.parametrize("golden", SEQUENCES.values(), ids=lambda golden: golden.name)
def test_a_verdict_says_conversation_exactly_where_the_fold_counts_one(golden: Golden) -> None:
    """The words follow the numbers: of the statements about one call, one says that it is a conversation."""
    rule = rule_named(golden.conversation_rule)
    for page in pages_of(golden):
        for share in shares(page, 12, rule):
            said = verdict(share, rule)
            assert (said == "not counted: void") == share.statement.voided
            if said.startswith("conversation"):
                assert share.together.get("conversations") == 1
            if "no conversation" in said:
                assert share.together.get("answered") == 1
                assert not share.together.get("conversations")
            if _is_void_or_apart(share):
                assert not share.adds.get("conversations")


def _is_void_or_apart(share: Share) -> bool:
    return share.statement.voided or bool(share.together.get("inbound"))


def test_talk_just_under_the_rule_is_named_with_both_figures() -> None:
    """A call of 19.999 s is answered and no conversation under a rule of 20 s, and says so."""
    said = [line for name in SEQUENCES for line in told(name).get("call", []) if "under the rule's" in line]
    assert "answered, no conversation: 19.999 s of talk under the rule's 20 s" in said


def test_an_appointment_known_by_its_conclusion_alone_says_so() -> None:
    """Where no fact names the call, its conclusion stands for the appointment; else the fact does."""
    said = [line for name in SEQUENCES for line in told(name).get("conversation", [])]
    assert "conversation: concluded appointment; appointment by conclusion only" in " | ".join(said)
    assert any("the appointment is counted by its own fact" in line for line in said)
