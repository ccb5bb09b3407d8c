"""The whole flow on one screen: topic -> agent -> table -> sinks.

dialer.*.v1 ──> pages ──> dialpulse.pages-changelog.v1
(five facts)      ├─────> kpi.operator-hour.v1
                  ├─────> Redis, /metrics
                  ├─────> dialer.rejected.v1, dialer.*.v1 (misplaced facts, sent home)
                  └─────> dialpulse.contributions.v1 ──> roll-ups ──> dialpulse.rollups-changelog.v1
                                                            ├───────> kpi.campaign-, team-, site-hour.v1
                                                            └───────> Redis
"""

from dataclasses import dataclass

from processors.hours import Clocks
from processors.records import Meaning
from processors.rules import rule_named
from processors.times import SECOND_US
from schemas.facts import FACT_TYPES
from streams.engine.app import EngineApp, fold_agent, make_app
from streams.engine.deliveries import Progress
from streams.engine.settings import EngineSettings
from streams.engine.table import MergingTable
from streams.ledgers.pages import PageLedger, PageTopics
from streams.ledgers.rollups import RollUpLedger
from streams.settings import Settings
from streams.sinks.kpi_topics import Offer, OperatorOutputs, RollUpOutputs
from streams.telemetry import Telemetry

REJECTED = "dialer.rejected.v1"
OPERATOR_HOURS = "kpi.operator-hour.v1"
ROLL_UPS = {"campaign": "kpi.campaign-hour.v1", "team": "kpi.team-hour.v1", "site": "kpi.site-hour.v1"}
CONTRIBUTIONS = "dialpulse.contributions.v1"
PAGES_CHANGELOG = "dialpulse.pages-changelog.v1"
ROLL_UPS_CHANGELOG = "dialpulse.rollups-changelog.v1"


@dataclass(frozen=True, slots=True)
class Flow:
    """One worker's flow: the app that runs it and what its tables keep."""

    app: EngineApp
    pages: PageLedger
    roll_ups: RollUpLedger


def build(settings: Settings, engine: EngineSettings, telemetry: Telemetry, offer: Offer) -> Flow:
    """Wires the flow; ``offer`` takes snapshots for Redis once their records are acknowledged.

    Raises UserError where the installed Faust is not the one that the engine was proven with.
    """
    name, count = settings.topic, settings.partitions
    rule, meaning = rule_named(settings.conversation_rule), Meaning(settings.generation, settings.conversation_rule)
    app = make_app(engine)

    def now_us() -> int:
        return int(engine.clock.now().wall * SECOND_US)

    def progress(topic: str, partition: int) -> Progress:
        found: Progress = app.consumer.progress(topic, partition)  # type: ignore[attr-defined]
        return found

    facts = {name(topic): topic for topic in FACT_TYPES}
    pages = PageLedger(
        PageTopics(facts, name(REJECTED), name(PAGES_CHANGELOG), count),
        Clocks(settings.time_zone, settings.site_time_zones),
        rule,
        meaning,
        grace_us=int(settings.final_grace * SECOND_US),
        outputs=OperatorOutputs(name(OPERATOR_HOURS), name(CONTRIBUTIONS), count, meaning, offer),
        telemetry=telemetry,
        now_us=now_us,
        progress=progress,
    )
    roll_up_topics = {level: name(topic) for level, topic in ROLL_UPS.items()}
    roll_ups = RollUpLedger(name(ROLL_UPS_CHANGELOG), RollUpOutputs(roll_up_topics, meaning, offer), now_us)

    for topic in facts:
        fold_agent(app, topic, pages.fold, count)
    fold_agent(app, name(CONTRIBUTIONS), roll_ups.fold, count, dense=False)
    MergingTable(app, name="pages", ledger=pages, changelog=name(PAGES_CHANGELOG), partitions=count)
    MergingTable(app, name="roll-ups", ledger=roll_ups, changelog=name(ROLL_UPS_CHANGELOG), partitions=count)
    return Flow(app, pages, roll_ups)
