"""Golden sequences: short lists of facts with every number that they must give, worked by hand (format: README.md)."""

from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from processors.rollup import Target

TOPICS = {
    "call": "dialer.calls.v1",
    "conversation": "dialer.conversations.v1",
    "appointment": "dialer.appointments.v1",
    "sale": "dialer.sales.v1",
    "presence": "dialer.presence.v1",
}


class Numbers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was counted: ``counts`` that are not zero, talk in seconds, decimal text by currency."""

    counts: dict[str, int] = {}
    talk_seconds: float = 0
    amounts: dict[str, str] = {}


class Expected(Numbers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers and what every record has beside them; ``slots``: row, place, count; ``weight``: the revision's S."""

    hour: str
    weight: int
    end: str = ""
    zone: str | None = "UTC"
    slots: dict[str, dict[int, int]] = {}
    rates: dict[str, float | None] = {}


class GoldenPage(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An owner's hour. ``campaigns`` is given where not all is the ``campaign``'s."""

    owner: str = "o1"
    team: str | None = "t1"
    site: str | None = "lyon"
    campaign: str = "autumn"
    campaigns: dict[str, Numbers] | None = None

    @property
    def parts(self) -> dict[str, Numbers]:
        """The numbers of each campaign that has any."""
        if self.campaigns is not None:
            return self.campaigns
        mine = Numbers(counts=self.counts, talk_seconds=self.talk_seconds, amounts=self.amounts)
        return {self.campaign: mine} if self.counts else {}


class GoldenRollUp(Expected, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A campaign's, team's or site's hour; ``of`` is the level and the id."""

    of: Target
    operators: int


class GoldenFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record in the order of arrival, and what becomes of it: ``accepted``, ``duplicate``, ``superseded``,
    ``forwarded`` (its copy is then accepted) or the reason of its rejection."""

    topic: str
    value: dict[str, Any]
    recorded_at: str
    key: str
    gives: str

    def value_bytes(self, stated: bool = False) -> bytes:
        """The value as JSON; ``stated`` fills an absent ``stated_at``, for brokers that stamp records themselves."""
        value = {"stated_at": self.recorded_at} | self.value if stated else self.value
        return msgspec.json.encode(value)


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """One sequence; pages and roll-ups are complete: no others may come of it."""

    name: str
    why: str
    conversation_rule: str
    site_time_zones: dict[str, str]
    facts: list[GoldenFact]
    pages: list[GoldenPage]
    roll_ups: list[GoldenRollUp]


class _Loader(yaml.SafeLoader):
    """Leaves times as the text that they are."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_golden() -> list[Golden]:
    """Every sequence of every file, in order. Raises ``msgspec.ValidationError`` or ValueError for a bad one."""
    found: list[Golden] = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        sheet = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
        found += [_sequence(sheet["all"] | entry) for entry in sheet["sequences"]]
    return found


def _sequence(entry: dict[str, Any]) -> Golden:
    pages = msgspec.convert(entry["pages"], list[GoldenPage])
    given = entry.get("roll_ups")
    return Golden(
        name=entry["name"],
        why=entry["why"],
        conversation_rule=entry.get("conversation_rule", "outcome-or-talk-20s"),
        site_time_zones=entry.get("site_time_zones", {}),
        facts=[_fact(entry, fact) for fact in entry["facts"]],
        pages=pages,
        roll_ups=_alone(pages) if given is None else msgspec.convert(given, list[GoldenRollUp]),
    )


def _fact(entry: dict[str, Any], fact: dict[str, Any]) -> GoldenFact:
    kind = next(kind for kind in TOPICS if kind in fact)
    common = {"operator_id": "o1", "campaign_id": "autumn", "team_id": "t1", "site_id": "lyon"}
    value = {name: what for name, what in (common | fact[kind]).items() if what is not None}
    owner = cast(str, value.get("operator_id", f"@{value.get('campaign_id')}"))
    return GoldenFact(
        topic=TOPICS[kind],
        value=value,
        recorded_at=fact.get("at", entry.get("recorded_at", "")),
        key=fact.get("key", owner),
        gives=fact.get("gives", "accepted"),
    )


def _alone(pages: list[GoldenPage]) -> list[GoldenRollUp]:
    """The roll-ups of pages that have their hours to themselves: each repeats its page."""
    if len({page.hour for page in pages}) < len(pages):
        raise ValueError("two owners share an hour: write the roll-ups down")
    return [_repeated(page, target) for page in pages for target in _targets(page)]


def _targets(page: GoldenPage) -> list[Target]:
    targets: list[Target] = [("campaign", page.campaign), ("site", page.site or "main")]
    return targets if page.team is None else [*targets, ("team", page.team)]


def _repeated(page: GoldenPage, of: Target) -> GoldenRollUp:
    shared = {name: getattr(page, name) for name in Expected.__struct_fields__}
    if not page.counts:
        shared["zone"] = None
    operators = int(bool(page.counts) and not page.owner.startswith("@"))
    return GoldenRollUp(of=of, operators=operators, **shared)
