"""Which of the rights that a role needs this user has, as the broker itself tells them."""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from kafka.errors import GroupAuthorizationFailedError, RetriableError, UnknownTopicOrPartitionError

from schemas import rights
from streams.broker.clients import open_admin, told
from streams.broker.refusals import TOPIC_RIGHT, WHERE, principal
from streams.errors import UserError
from streams.settings import Settings

_NOT_ALLOWED = f"[Error {GroupAuthorizationFailedError.errno}]"
COORDINATOR_WITHIN_S, TOPICS_WITHIN_S = 15.0, 2.0


class Lack(NamedTuple):
    """A right that is missing: on a topic or group, by its real name."""

    kind: str
    name: str
    operation: str


def insist_on_role(settings: Settings, admin: Any, role: str) -> None:
    """Raises UserError that names the first right which this user lacks for a role, and how many more it does."""
    refuse(settings, lacking(settings, admin, role))


def insist_on_topics(settings: Settings, names: Iterable[str], operation: str) -> None:
    """Raises UserError where one of these topics of the registry is not there, or this user may not do this with it."""
    wanted = [settings.topic(name) for name in names]
    give_up = time.monotonic() + TOPICS_WITHIN_S
    admin = open_admin(settings)
    try:
        with told(settings):
            found = admin.describe_topics(wanted)
            # A topic that was made a moment ago is not yet known everywhere.
            while _absent(found) and time.monotonic() < give_up:
                time.sleep(0.2)
                found = admin.describe_topics(wanted)
    finally:
        admin.close()
    refuse(settings, [one for topic in found for one in lacks_on_topic(topic, operation)])
    if absent := _absent(found):
        raise UserError(f"topic {absent[0]} is not at {settings.kafka}: make it with dialpulse topics apply")


def _absent(found: list[dict[str, Any]]) -> list[str]:
    return [topic["name"] for topic in found if topic["error_code"] == UnknownTopicOrPartitionError.errno]


def refuse(settings: Settings, lacks: list[Lack]) -> None:
    """Raises UserError where something is lacking."""
    if lacks:
        raise UserError(f"{words(settings, lacks)} at {settings.kafka}: {WHERE}")


def words(settings: Settings, lacks: list[Lack]) -> str:
    """What is missing, in a few words: the first thing by name, others by their number."""
    first = lacks[0]
    same = [lack.operation for lack in lacks if lack[:2] == first[:2]]
    more = f" (and {len(lacks) - len(same)} more)" if len(lacks) > len(same) else ""
    return f"{principal(settings)} lacks {' and '.join(same)} on {first.kind} {first.name}{more}"


def lacking(settings: Settings, admin: Any, role: str) -> list[Lack]:
    """The rights of a role that this user lacks, on what has a name of its own. Empty without an authorizer."""
    needed = [right for right in rights.roles()[role].rights if not right.begins]
    topics = {settings.prefix + right.name: right for right in needed if right.kind == "topic"}
    found: list[Lack] = []
    for topic in admin.describe_topics(list(topics)):
        found += _missing("topic", topic["name"], topics[topic["name"]].operations, granted(topic))
    for right in needed:
        if right.kind == "group":
            name = settings.prefix + right.name
            found += _missing("group", name, right.operations, _granted_on_group(admin, name))
    return found


def _granted_on_group(admin: Any, name: str) -> set[str] | None:
    give_up = time.monotonic() + COORDINATOR_WITHIN_S
    while True:
        try:
            answer = admin.describe_groups([name], include_authorized_operations=True)[name]
            # Which of the two it is depends on whether the client knows the group's coordinator already.
            return set() if (answer["error"] or "").startswith(_NOT_ALLOWED) else granted(answer)
        except GroupAuthorizationFailedError:
            return set()
        except RetriableError:  # in a new cluster groups have no coordinator until the first is asked for
            if time.monotonic() > give_up:
                raise
        time.sleep(0.2)


def granted(told: dict[str, Any]) -> set[str] | None:
    """What may be done with a topic or group that the broker described; None where it does not tell."""
    if told.get("error_code") == TOPIC_RIGHT:
        return set()
    operations = told.get("authorized_operations")
    return None if operations is None else {operation.replace("_", "").lower() for operation in operations}


def lacks_on_topic(topic: dict[str, Any], *operations: str) -> list[Lack]:
    """Which of these operations are not granted on a topic that the broker described."""
    return list(_missing("topic", topic["name"], operations, granted(topic)))


def _missing(kind: str, name: str, operations: Iterable[str], has: set[str] | None) -> list[Lack]:
    if has is None:
        return []
    return [Lack(kind, name, operation) for operation in operations if operation.lower() not in has]
