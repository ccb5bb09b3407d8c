"""Compares everything that the pipeline left with what the oracle makes of the fact topics."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from redis import Redis

from schemas import registry
from tests.faults import logs
from tests.faults.hard_facts import FACT_TOPICS, ZONES
from tests.faults.oracle_facts import Truth, instant, text_of
from tests.faults.oracle_records import KPI_TOPICS, LEVELS, OPERATOR_HOURS, Moment, Records, expected_records
from tests.faults.stage import PARTITIONS, Stage

ROUNDED = 2e-6
REJECTED = "dialer.rejected.v1"


@dataclass
class Verdict:
    """What was compared, and what is wrong: one line for each wrong row, by what was looked at."""

    compared: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)
    compacted_away: int = 0

    def blame(self, what: str, line: str) -> None:
        """One wrong row."""
        self.wrong.setdefault(what, []).append(line)

    @property
    def wrong_rows(self) -> int:
        """How many rows are wrong."""
        return sum(map(len, self.wrong.values()))


def same(one: Any, other: Any) -> bool:
    """Equal, numbers within the rounding of rates, money by its worth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Decimal) and isinstance(other, str):
        return one == Decimal(other)
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return abs(one - other) <= ROUNDED
    return bool(one == other)


def unlike(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """The fields in which two records differ."""
    names = [name for name in {**wanted, **found} if not same(wanted.get(name), found.get(name))]
    told = []
    for name in names:
        one, other = wanted.get(name), found.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            told.append(f"{name} ({unlike(one, other)})")
        else:
            told.append(f"{name}: {other} instead of {one}")
    return "; ".join(told)[:400]


class Examination:
    """One pass over everything; ``moment`` is when the pipeline had come to rest."""

    def __init__(self, stage: Stage, moment: Moment) -> None:
        self._stage = stage
        self._settings = stage.settings
        self._moment = moment
        self.verdict = Verdict()
        self.truth = Truth(ZONES, PARTITIONS)
        self._best: dict[str, Records] = {}
        self._history: dict[tuple[str, str], list[str]] = defaultdict(list)

    def _records(self, topic: str) -> Any:
        return logs.records(self._settings.kafka, self._settings.topic(topic), PARTITIONS)

    def read_facts(self) -> None:
        """Folds the fact topics."""
        for topic in FACT_TOPICS:
            self.truth.read(topic, self._records(topic))
        self.verdict.facts = dict(self.truth.results)
        for lost in self.truth.lost_on_the_way():
            self.verdict.blame("misplaced facts", lost)

    def examine_topics(self) -> None:
        """KPI topics: the greatest revision of each key, and the last record, are both what the facts say."""
        last: dict[str, Records] = {}
        for topic in KPI_TOPICS:
            self._best[topic], last[topic] = self._kept(topic)
        wanted = expected_records(self.truth, self._moment, self._best[OPERATOR_HOURS])
        for topic in KPI_TOPICS:
            self._compare(topic, "", wanted[topic], self._best[topic])
            self._compare(topic, " (last record)", wanted[topic], last[topic])

    def _kept(self, topic: str) -> tuple[Records, Records]:
        best: Records = {}
        last: Records = {}
        ends: dict[int, int] = {}
        count = 0
        for message in self._records(topic):
            count += 1
            ends[message.partition()] = message.offset() + 1
            key, record = message.key().decode(), json.loads(message.value())
            self._history[topic, key].append(
                f"{message.partition()}/{message.offset()} stamped {message.timestamp()[1]} "
                f"emitted {record.pop('emitted_at')} {record['revision']}"
            )
            last[key] = record
            if key not in best or record["revision"] > best[key]["revision"]:
                best[key] = record
        self.verdict.compacted_away += sum(ends.values()) - count
        return best, last

    def _compare(self, topic: str, of: str, wanted: Records, found: Records) -> None:
        what = topic + of
        self.verdict.compared[what] += len(wanted)
        for key in wanted.keys() | found.keys():
            if key not in found:
                self.verdict.blame(what, f"{key} is missing")
            elif key not in wanted:
                self.verdict.blame(what, f"{key} is nobody's: {str(found[key])[:200]}")
            elif not same(wanted[key], found[key]):
                lies = "; ".join(self._history[topic, key][-3:])
                self.verdict.blame(what, f"{key} {unlike(wanted[key], found[key])} (the last of it in Kafka: {lies})")

    def examine_rejected(self) -> None:
        """Every record that is to be rejected is in the rejected topic for its reason, unchanged, and no other."""
        found: dict[tuple[str, int, int], tuple[str, bytes, bytes]] = {}
        for message in self._records(REJECTED):
            said = {name: value.decode() for name, value in message.headers() or ()}
            place = said["topic"], int(said["partition"]), int(said["offset"])
            found[place] = said["reason"], message.key() or b"", message.value() or b""
        wanted = {place: (reason, *self.truth.raw[place]) for place, reason in self.truth.rejected.items()}
        self.verdict.compared[REJECTED] += len(wanted)
        for place in wanted.keys() | found.keys():
            if wanted.get(place) != found.get(place):
                line = f"{place}: {_short(found.get(place))} instead of {_short(wanted.get(place))}"
                self.verdict.blame(REJECTED, line)

    def examine_commits(self) -> None:
        """Everything that was produced is committed."""
        ends, committed = self._stage.ends(), self._stage.committed()
        self.verdict.compared["committed offsets"] += len(ends)
        for place, end in ends.items():
            if committed.get(place) != end:
                self.verdict.blame(
                    "committed offsets", f"{place.topic}-{place.partition}: {committed.get(place)} of {end}"
                )

    def unlike_redis(self) -> list[str]:
        """Keys of Redis that differ from the KPI topics, are missing, or are nobody's."""
        client = Redis.from_url(self._settings.redis_url)
        root = f"{self._settings.prefix}dialpulse:v1:"
        wanted = {
            self._key(root, topic, key): record for topic in KPI_TOPICS for key, record in self._best[topic].items()
        }
        names = {name.decode() for name in client.scan_iter(f"{root}*", count=5000)}
        wrong = []
        ordered = list(wanted)
        for start in range(0, len(ordered), 1000):
            some = ordered[start : start + 1000]
            for name, value in zip(some, client.mget(some), strict=True):
                record = json.loads(value) if value else {}
                record.pop("emitted_at", None)
                if record != wanted[name]:
                    wrong.append(f"{name} {unlike(wanted[name], record) if record else 'is missing'}")
        wrong += self._unlike_hours(client, root)
        wrong += [f"{name} is nobody's" for name in names - wanted.keys() - self._known(root)]
        self.verdict.compared["Redis"] = len(wanted)
        return wrong

    def _unlike_hours(self, client: "Redis[bytes]", root: str) -> list[str]:
        hours: dict[str, set[str]] = {}
        for owner, hour_us in self.truth.pages:
            hours.setdefault(f"{root}hour:{_compact(text_of(hour_us))}", set()).add(owner)
        found = {name: {owner.decode() for owner in client.smembers(name)} for name in hours}
        return [f"{name} has other owners" for name in hours if hours[name] != found[name]]

    def _known(self, root: str) -> set[str]:
        """Keys that hold no records."""
        hours = {f"{root}hour:{_compact(text_of(hour_us))}" for _, hour_us in self.truth.pages}
        beats = {f"{root}heartbeat:{number}" for number in range(PARTITIONS)}
        return {f"{root}marker"} | beats | hours

    def _key(self, root: str, topic: str, key: str) -> str:
        level = {name: level for level, name in LEVELS.items()}.get(topic, "operator")
        identity, _, hour = key.rpartition("|")
        return f"{root}{level}:{quote(identity, safe='-._~@')}:{_compact(hour)}"

    def examine_restored(self, held: dict[str, dict[str, Any]]) -> None:
        """What a fresh worker restores from the changelogs is what the facts say."""
        wanted = {
            f"{owner}|{hour_us}": sorted(map(_statement, page.standing.values()))
            for (owner, hour_us), page in self.truth.pages.items()
        }
        found = {key: sorted(map(_restored, page["statements"])) for key, page in held["pages"].items()}
        self._equal("pages restored", wanted, found)
        parts = {f"{owner}|{us}": sorted(map(str, page.parts)) for (owner, us), page in self.truth.pages.items()}
        kept = {key: sorted(str(tuple(part)) for part in page["parts"]) for key, page in held["pages"].items()}
        self._equal("parts restored", parts, kept)
        weights = {
            f"{owner}|{hour_us}": sum(one.version + 1 for one in page.standing.values())
            for (owner, hour_us), page in self.truth.pages.items()
        }
        self._equal("contributions restored", weights, held["contributions"])

    def _equal(self, what: str, wanted: dict[str, Any], found: dict[str, Any]) -> None:
        self.verdict.compared[what] += len(wanted)
        for key in wanted.keys() | found.keys():
            if wanted.get(key) != found.get(key):
                self.verdict.blame(what, f"{key}: {_difference(wanted.get(key), found.get(key))}")

    def examine_remains(self, topics: set[str], groups: set[str]) -> None:
        """Nothing lies in Kafka that the registry does not know, and no group reads but the workers'."""
        known = {self._settings.topic(name) for name in registry.load()}
        self._same_names("topics", known, topics)
        self._same_names("groups", {self._settings.group}, groups)

    def _same_names(self, what: str, known: set[str], found: set[str]) -> None:
        mine = {name for name in found if name.startswith(self._settings.prefix)}
        for name in mine ^ known:
            self.verdict.blame(what, f"{name} is {'left behind' if name in mine else 'gone'}")
        self.verdict.compared[what] += len(known)


_FIELDS = {
    "CallStatement": ("dialer.calls.v1", ("answered_by", "flags", "talk_us")),
    "ConversationStatement": ("dialer.conversations.v1", ("outcome", "warm_horizon", "talk_us")),
    "AppointmentStatement": ("dialer.appointments.v1", ("call_id", "status", "quality")),
    "SaleStatement": ("dialer.sales.v1", ("amount", "currency")),
    "PresenceStatement": ("dialer.presence.v1", ("state",)),
}
_TOPIC_FIELDS = dict(_FIELDS.values())


def _statement(stated: Any) -> str:
    content = stated.content | {"talk_us": stated.content.get("talk_seconds")}
    marks = "answered_at" in content, bool(content.get("abandoned")), content.get("direction") == "inbound"
    content |= {"flags": sum(mark << place for place, mark in enumerate(marks))}
    values = [_plain(content.get(name)) for name in _TOPIC_FIELDS[stated.topic]]
    return f"{stated.topic} {stated.version} {stated.voided} {stated.part} {stated.at_us} {stated.identity} {values}"


def _restored(said: dict[str, Any]) -> str:
    topic, names = _FIELDS[said["kind"]]
    values = [_plain(Decimal(said[name]) if name == "amount" and said[name] else said[name]) for name in names]
    identity = instant(said["id"]) if said["kind"] == "PresenceStatement" else said["id"]
    return f"{topic} {said['version']} {said['voided']} {tuple(said['part'])} {said['at_us']} {identity} {values}"


def _plain(value: Any) -> Any:
    return str(value.normalize()) if isinstance(value, Decimal) else value


def _difference(wanted: Any, found: Any) -> str:
    if isinstance(wanted, list) and isinstance(found, list):
        wanted, found = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    return f"{str(found)[:200]} instead of {str(wanted)[:200]}"


def _short(entry: object) -> str:
    return str(entry)[:160]


def _compact(hour: str) -> str:
    """An hour as Redis keys have it: ``20261123T1300Z``."""
    return hour.replace("-", "").replace(":", "")[:13] + "Z"
