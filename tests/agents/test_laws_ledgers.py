"""Laws of both ledgers together: whatever arrives, drains and restarts, what is published is what a recount gives."""

from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.owners import is_operator
from processors.rollup import targets_of
from processors.times import format_time
from streams.topology import ROLL_UPS
from tests.agents.floor import Fact, Told, call, conversation, fact, running
from tests.unit.core import Core

NOW = "2026-11-23T13:12:00Z"
"""Both hours are open still: whether a record is final is not the core's to say."""
_OWNERS, _PARTS = ("o1", "o2", "o3"), (("lyon", "t1", "autumn"), ("nice", "t2", "winter"), (None, None, "autumn"))
_choices = st.tuples(
    st.sampled_from(["call", "attempt", "conversation", "appointment", "sale"]),
    st.sampled_from(_OWNERS),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from(_PARTS),
    st.sampled_from(["2026-11-23T12:50:00Z", "2026-11-23T13:10:00Z"]),
    st.booleans(),
)


def _fact(choice: tuple) -> Fact:
    """A record of few identities, versions, parts and hours, so that corrections, moves, voids and conflicts meet."""
    kind, owner, number, version, (site, team, campaign), at, flag = choice
    common = {"site_id": site, "team_id": team, "campaign_id": campaign, "version": version}
    identity = f"{kind[0]}{number}"
    if kind == "call":
        return call(f"c{number}", at, owner, talk_seconds=30 * flag, answered_by="human", **common)
    if kind == "attempt":
        return call(identity, at, None, voided=flag, **common)
    if kind == "conversation":
        outcome = "appointment" if flag else "refused"
        return conversation(f"c{number}", outcome, at, operator_id=owner, **common)
    booked = {"appointment_id": identity, "operator_id": owner, "booked_at": at, **common}
    if kind == "appointment":
        return fact("dialer.appointments.v1", owner, booked | {"status": "honoured" if flag else None})
    sold = {"sale_id": identity, "amount": "10.5", "currency": "EUR", "voided": flag}
    return fact("dialer.sales.v1", owner, booked | sold)


_streams = st.lists(_choices.map(_fact), min_size=1, max_size=24)
_steps = st.sampled_from(["drain", "drain", "restart", "go on"])


def _recount(facts: Iterable[Fact], now_us: int) -> Core:
    """The pure core over the same records, without ledgers, drains or restarts."""
    core = Core(running().clocks)
    for one in facts:
        core.offer(one.topic, one.key or b"", one.value or b"", now_us)
    return core


def _latest(told: list[Told], topic: str) -> dict[str, object]:
    """The record with the greatest revision of each key, its moment of writing left out."""
    found: dict[str, object] = {}
    for one in told:
        for key, record in one.published(topic).items():
            plain = msgspec.structs.replace(record, emitted_at="")
            standing = found.get(key)
            if standing is None or plain.revision >= standing.revision:
                found[key] = plain
    return found


@settings(max_examples=60, deadline=None)
@given(_streams, st.lists(_steps, min_size=24, max_size=24))
def test_what_is_published_is_what_the_pure_core_counts(facts: list[Fact], steps: list[str]) -> None:
    """Drained whenever, restarted in between, with what was not yet committed read again."""
    floor, told, rolled, uncommitted = running(now=NOW), [], [], []
    for one, step in zip(facts, steps, strict=False):
        floor.fold(one)
        uncommitted.append(one)
        if step == "drain":
            told.append(floor.drain())
            rolled.append(floor.roll(told[-1]))
            uncommitted = uncommitted[-2:]
        elif step == "restart":
            floor = floor.successor()
            floor.fold(*uncommitted)
    told.append(floor.fold(facts[-1]).drain())
    rolled.append(floor.roll(told[-1]))
    core = _recount(facts, floor.now_us)
    expected = {
        record.owner + "|" + record.hour_start: msgspec.structs.replace(record, emitted_at="")
        for record in map(core.record, core.pages.values())
    }
    assert _latest(told, "kpi.operator-hour.v1") == expected
    _roll_ups_agree(rolled, core)


def _roll_ups_agree(rolled: list[Told], core: Core) -> None:
    """Every roll-up that has something equals the sum over the core's pages; every other is zeros."""
    published = {
        (level, key): record for level, topic in ROLL_UPS.items() for key, record in _latest(rolled, topic).items()
    }
    for (level, key), record in published.items():
        counts, talk_us, operators = [0] * 24, 0, 0
        for page in core.pages.values():
            folded, hour = core.settled(page)
            if record.hour_start != format_time(hour.start_us):
                continue
            target = (level, key.rpartition("|")[0])
            mine = [tally for part, tally in folded.parts.items() if target in targets_of(part)]
            counts = [sum(column) for column in zip(counts, *(tally.counts for tally in mine), strict=True)]
            talk_us += sum(tally.talk_us for tally in mine)
            operators += is_operator(page.owner) and any(not tally.is_zero for tally in mine)
        assert list(msgspec.structs.astuple(record.counts)) == counts
        assert (record.talk_seconds, record.operators) == (talk_us / 1e6, operators)
    expected = {
        (level, f"{identity}|{format_time(page.hour_us)}")
        for page in core.pages.values()
        for part, tally in core.settled(page)[0].parts.items()
        if not tally.is_zero
        for level, identity in targets_of(part)
    }
    assert expected <= set(published)
