"""Every KPI record that the fact topics call for, made by the oracle's own rules."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.faults.oracle_counts import PageCount, Sums, body
from tests.faults.oracle_facts import PageKey, Stated, TruePage, Truth, hour_of, text_of

TOPIC_ORDER = [f"dialer.{kind}.v1" for kind in ("calls", "conversations", "appointments", "sales", "presence")]
OPERATOR_HOURS = "kpi.operator-hour.v1"
LEVELS = {"campaign": "kpi.campaign-hour.v1", "team": "kpi.team-hour.v1", "site": "kpi.site-hour.v1"}
KPI_TOPICS = (OPERATOR_HOURS, *LEVELS.values())
HOUR_US = 3_600_000_000

Records = dict[str, dict[str, Any]]
"""By key, a record as JSON has it, amounts as decimals, without ``emitted_at``."""


@dataclass(frozen=True)
class Moment:
    """When the pipeline came to rest (epoch seconds), the grace, and by how much clocks were off (seconds)."""

    at_s: float
    grace_s: float
    doubt_s: float

    def is_final(self, end_us: int) -> bool | None:
        """Whether an hour with this end was final by then; None where that is too close to say."""
        ago_s = self.at_s - end_us / 1_000_000 - self.grace_s
        return None if abs(ago_s) < self.doubt_s else ago_s > 0


@dataclass(frozen=True)
class Contributor:
    """An owner's hour as roll-ups see it."""

    owner: str
    count: PageCount
    page: TruePage
    weight: int
    is_final: bool
    zone: str
    end_us: int


def _latest(page: TruePage) -> Stated:
    def order(stated: Stated) -> tuple[bool, int, int, str]:
        return not stated.voided, stated.at_us, TOPIC_ORDER.index(stated.topic), str(stated.identity)

    return max(page.standing.values(), key=order)


def _revision(weight: int, is_final: bool) -> dict[str, Any]:
    return {"revision": f"0001-{weight:020d}-{int(is_final)}", "is_final": is_final}


def expected_records(truth: Truth, moment: Moment, published: Records) -> dict[str, Records]:
    """Every record by topic and key. ``published`` decides what is final where the moment is in doubt."""
    contributors: dict[int, list[Contributor]] = defaultdict(list)
    operators: Records = {}
    for (owner, hour_us), page in truth.pages.items():
        name = f"{owner}|{text_of(hour_us)}"
        record, contributor = _operator_hour(truth, moment, (owner, hour_us), page, published.get(name, {}))
        operators[name] = record
        contributors[hour_us].append(contributor)
    found: dict[str, Records] = {OPERATOR_HOURS: operators} | {topic: {} for topic in LEVELS.values()}
    for hour_us, many in contributors.items():
        for (level, identity), some in _by_target(many).items():
            found[LEVELS[level]][f"{identity}|{text_of(hour_us)}"] = _roll_up(level, identity, hour_us, some)
    return found


def _operator_hour(
    truth: Truth, moment: Moment, key: PageKey, page: TruePage, published: dict[str, Any]
) -> tuple[dict[str, Any], Contributor]:
    owner, hour_us = key
    latest = _latest(page)
    site_id, team_id, _ = latest.part
    zone = truth.zone(site_id)
    _, end_us = hour_of(zone, latest.at_us)
    is_final = moment.is_final(end_us)
    if is_final is None:
        is_final = bool(published.get("is_final"))
    count, weight = PageCount(page, hour_us), sum(one.version + 1 for one in page.standing.values())
    total = Sums()
    campaigns: dict[str, Sums] = defaultdict(Sums)
    for part, sums in count.parts.items():
        total.add(sums)
        if part[2] is not None and not sums.is_nothing:
            campaigns[part[2]].add(sums)
    record = {
        "schema": OPERATOR_HOURS,
        "owner": owner,
        "operator_id": None if owner.startswith("@") else owner,
        "team_id": team_id,
        "site_id": site_id,
        **_frame(hour_us, end_us, zone),
        **_revision(weight, is_final),
        **body(total, (end_us - hour_us) / HOUR_US),
        "campaigns": {name: _part(sums) for name, sums in campaigns.items()},
    }
    return record, Contributor(owner, count, page, weight, is_final, zone, end_us)


def _frame(hour_us: int, end_us: int, zone: str | None) -> dict[str, Any]:
    times = {"hour_start": text_of(hour_us), "hour_end": text_of(end_us), "time_zone": zone}
    return times | {"conversation_rule": "outcome-or-talk-20s"}


def _part(sums: Sums) -> dict[str, Any]:
    counts = {name: count for name, count in sums.counts.items() if count}
    return {"counts": counts, "talk_seconds": sums.talk_us / 1_000_000, "amounts": dict(sums.money)}


def _by_target(contributors: list[Contributor]) -> dict[tuple[str, str], list[Contributor]]:
    found: dict[tuple[str, str], list[Contributor]] = defaultdict(list)
    for one in contributors:
        targets = {target for part in one.page.parts for target in _targets(part)}
        for target in targets:
            found[target].append(one)
    return found


def _targets(part: tuple[str | None, str | None, str | None]) -> set[tuple[str, str]]:
    site_id, team_id, campaign_id = part
    named = {("team", team_id), ("campaign", campaign_id)}
    return {("site", site_id or "main")} | {(level, name) for level, name in named if name is not None}


def _roll_up(level: str, identity: str, hour_us: int, contributors: list[Contributor]) -> dict[str, Any]:
    total, operators, clocks = Sums(), 0, set()
    for one in contributors:
        given = [
            sums
            for part, sums in one.count.parts.items()
            if (level, identity) in _targets(part) and not sums.is_nothing
        ]
        for sums in given:
            total.add(sums)
        if given:
            clocks.add((one.zone, one.end_us))
            operators += not one.owner.startswith("@")
    zones = {zone for zone, _ in clocks}
    end_us = max((end for _, end in clocks), default=hour_us + HOUR_US)
    return {
        "schema": LEVELS[level],
        f"{level}_id": identity,
        **_frame(hour_us, end_us, zones.pop() if len(zones) == 1 else None),
        **_revision(sum(one.weight for one in contributors), min(one.is_final for one in contributors)),
        "operators": operators,
        **body(total, (end_us - hour_us) / HOUR_US),
    }
