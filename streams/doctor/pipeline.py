"""The system's own things in Kafka: topics, leases, generation, workers, lag, rejected records."""

import time
from collections import Counter
from collections.abc import Iterator

from schemas.facts import FACT_TYPES
from streams import topics
from streams.doctor.findings import Finding, ok, problem, warn
from streams.recount.commits import Commits
from streams.recount.logs import Logs
from streams.settings import Settings
from streams.topology import CONTRIBUTIONS, REJECTED
from streams.worker.definition import DEFINITION, read_definitions

DAY_MS = 24 * 3600 * 1000
MUCH_LAG = 20_000
"""Records; a worker takes this many in a second or two."""
_LEASE = "message.timestamp."


def topics_and_leases(settings: Settings) -> Iterator[Finding]:
    """Every topic as the registry says, and leases that fit the session."""
    differences = topics.check(settings)
    missing = [one.topic for one in differences if one.found is None]
    if missing:
        yield problem("topics", f"{_some(missing)} missing", "make them with dialpulse topics apply")
    alike: dict[tuple[str, str | None, str], list[topics.Difference]] = {}
    for one in differences:
        if one.found is not None:
            alike.setdefault((one.setting, one.found, one.wanted), []).append(one)
    for (setting, found, wanted), ones in alike.items():
        names = _some([one.topic for one in ones])
        text = f"{setting} of {names} is {found}, and the registry says {wanted}"
        yield _unlike(setting, text, all(one.can_be_applied for one in ones), settings)
    if not differences:
        yield ok("topics", "all as the registry says")
    if not missing and not any(setting.startswith(_LEASE) for setting, _, _ in alike):
        yield ok("lease", f"fits the session of {settings.session_timeout} s")


def _unlike(setting: str, text: str, can_be_applied: bool, settings: Settings) -> Finding:
    remedy = "dialpulse topics apply" if can_be_applied else "this takes a decision: see dialpulse topics check"
    if setting == "partitions":
        return problem("topics", text, "set DIALPULSE_PARTITIONS to the number that the topics were made with")
    if setting.startswith(_LEASE):
        session = f"DIALPULSE_SESSION_TIMEOUT={settings.session_timeout}"
        return problem("lease", f"{text} for {session}", remedy)
    return problem("topics", text, remedy) if setting == "cleanup.policy" else warn("topics", text, remedy)


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} topics ({names[0]} ...)"


def definition(settings: Settings) -> Iterator[Finding]:
    """What the newest generation means, beside the settings."""
    with Logs(settings, [DEFINITION]):
        pass  # says so at once where the topic is missing
    written = read_definitions(settings)
    if not written:
        yield warn("generation", "none has begun", "start one with dialpulse worker")
        return
    newest = max(written)
    if newest != settings.generation:
        remedy = f"set DIALPULSE_GENERATION={newest}" if newest > settings.generation else "start a worker to begin it"
        text = f"DIALPULSE_GENERATION={settings.generation}, and generation {newest} stands"
        yield problem("generation", text, remedy) if newest > settings.generation else warn("generation", text, remedy)
        return
    standing = written[newest]
    unlike = [
        (name, getattr(settings, name), getattr(standing, name))
        for name in ("conversation_rule", "time_zone", "partitions")
        if getattr(settings, name) != getattr(standing, name)
    ]
    for name, mine, theirs in unlike:
        text = f"DIALPULSE_{name.upper()}={mine}, and generation {newest} was begun with {theirs}"
        yield problem("generation", text, "set that one")
    if not unlike:
        yield ok("generation", f"{newest}, rule {standing.conversation_rule}, {standing.partitions} partitions")


def lag(settings: Settings) -> Iterator[Finding]:
    """How many records of each topic the workers have not committed yet, and whether there are workers."""
    with Logs(settings, [*FACT_TYPES, CONTRIBUTIONS]) as logs, Commits(settings, 0, _silent) as commits:
        lags: Counter[str] = Counter()
        for place, behind in commits.lags(logs.starts, logs.ends()).items():
            lags[place.topic] += behind
        members = commits.members()
    if members:
        yield ok("workers", f"{members} in group {settings.group}")
    else:
        yield problem("workers", f"none in group {settings.group}", "start one with dialpulse worker")
    for topic, behind in lags.items():
        text = f"{behind:,} of {settings.topic(topic)} to be taken"
        if not members:
            yield problem("lag", text, "they wait for a worker")
        elif behind > MUCH_LAG:
            yield warn("lag", text, "look again in a minute; if it grows, start another worker")
        else:
            yield ok("lag", text)
    if not lags:
        yield ok("lag", "everything is taken")


def rejections(settings: Settings) -> Iterator[Finding]:
    """Records rejected in the last day, by topic and reason."""
    found: Counter[tuple[str, str]] = Counter()
    with Logs(settings, [REJECTED]) as logs:
        logs.skip_before(int(time.time() * 1000) - DAY_MS)
        for run in logs.read(logs.ends()):
            for record in run.records:
                headers = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
                found[headers.get("topic", "?"), headers.get("reason", "?")] += 1
    for (topic, reason), count in sorted(found.items()):
        remedy = f"see their detail headers in {settings.topic(REJECTED)}"
        yield warn("rejected", f"{count:,} records of {topic} in the last day: {reason}", remedy)
    if not found:
        yield ok("rejected", "nothing in the last day")


def _silent(line: str) -> None:
    """Progress that nobody asked for."""
