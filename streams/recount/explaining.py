"""One operator-hour explained: its numbers, and every statement behind them."""

from typing import Any

import msgspec

from processors.fold import fold
from processors.hours import Clocks, Hour
from processors.page import Page
from processors.records import Meaning, operator_hour
from processors.rules import rule_named
from processors.statements import KIND_OF, KINDS
from processors.times import SECOND_US, format_time
from schemas.kpis import COUNT_NAMES, OperatorHour, Rate
from streams.recount.sharing import shares
from streams.recount.telling import local_time, says, verdict
from streams.settings import Settings


class Told(msgspec.Struct):
    """One statement: ``at`` on its site's clock, ``adds`` counts that are not zero."""

    kind: str
    id: str
    version: int
    voided: bool
    at: str
    says: dict[str, str]
    counts_as: str
    adds: dict[str, int]
    talk_seconds: float


class Explanation(msgspec.Struct):
    """An operator-hour: counts that are not zero, rates with a value, statements in the order of time."""

    owner: str
    hour_start: str
    hour_end: str
    local_start: str
    time_zone: str
    site_id: str | None
    team_id: str | None
    weight: int
    conversation_rule: str
    counts: dict[str, int]
    talk_seconds: float
    amounts: dict[str, str]
    rates: dict[str, Rate]
    statements: list[Told]


def explain(settings: Settings, page: Page) -> Explanation:
    """What a page says and why; the same fold as the worker's gives every number."""
    clocks, rule = Clocks(settings.time_zone, settings.site_time_zones), rule_named(settings.conversation_rule)
    hour = _hour(page, clocks, settings)
    record = operator_hour(
        page, fold(page, hour.slots, rule), hour, Meaning(settings.generation, rule.name), False, hour.start_us
    )
    told = []
    for share in shares(page, hour.slots, rule):
        statement = share.statement
        zone = settings.zone_of(statement.part[0])
        told.append(
            Told(
                KINDS[KIND_OF[type(statement)]],
                statement.id,
                statement.version,
                statement.voided,
                local_time(statement.at_us, zone),
                says(statement),
                verdict(share, rule),
                share.adds,
                share.talk_us / SECOND_US,
            )
        )
    return _explanation(page, hour, record, told, settings)


def _hour(page: Page, clocks: Clocks, settings: Settings) -> Hour:
    latest = fold(page, 12, rule_named(settings.conversation_rule)).latest
    assert latest is not None
    return clocks.of(latest.part[0]).hour(latest.at_us)


def _explanation(page: Page, hour: Hour, record: OperatorHour, told: list[Told], settings: Settings) -> Explanation:
    counts: dict[str, Any] = {name: getattr(record.counts, name) for name in COUNT_NAMES}
    return Explanation(
        page.owner,
        format_time(hour.start_us),
        format_time(hour.end_us),
        local_time(hour.start_us, settings.zone_of(record.site_id)),
        hour.zone,
        record.site_id,
        record.team_id,
        page.weight,
        record.conversation_rule,
        {name: count for name, count in counts.items() if count},
        record.talk_seconds,
        record.amounts,
        {name: rate for name, rate in record.rates.items() if rate.value is not None},
        told,
    )
