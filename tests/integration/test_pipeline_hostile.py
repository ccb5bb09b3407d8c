"""Bytes that mean harm, in every fact topic of a running worker: each is rejected, and nothing else happens."""

from random import Random
from typing import Any, NamedTuple

import pytest

from schemas.facts import FACT_TYPES
from schemas.rejections import Reason
from streams.local import LocalStack
from streams.producing import Outgoing
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    REJECTED,
    Place,
    ago,
    bodies,
    fact,
    fresh,
    hour_of,
    log,
    reconciled,
    send,
)
from tests.workers import running_worker

MEGABYTE = 1_000_000
TIMES = ("started_at", "call_started_at", "booked_at", "since")
_RANDOM = Random(11).randbytes(5_000)
_HUGE = b"9" * 30

# Name, key, value, reason. The key of all good facts is o1, so most of these lie in the midst of them.
HOSTILE: tuple[tuple[str, bytes | None, bytes | None, Reason], ...] = (
    ("not UTF-8", b"o1", b'{"call_id": "\xff\xfe\xc0\xaf"}', Reason.NOT_JSON),
    ("no value", b"o1", None, Reason.NOT_JSON),
    ("neither key nor value", None, None, Reason.NOT_JSON),
    ("lists 30,000 deep", b"o1", b"[" * 30_000 + b"]" * 30_000, Reason.NOT_JSON),
    ("objects never closed", b"o1", b'{"a":' * 12_000, Reason.NOT_JSON),
    ("a field 30,000 deep", b"o1", b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", Reason.NOT_JSON),
    ("random bytes", b"o1", _RANDOM, Reason.NOT_JSON),
    ("a random key", _RANDOM[:64], b"{}", Reason.MISSING_FIELD),
    ("an empty key", b"", b"{}", Reason.MISSING_FIELD),
    ("a value of 1 MB", b"o1", b'{"x":"' + b"x" * MEGABYTE + b'"}', Reason.TOO_LARGE),
    ("a key of 1 MB", b"k" * MEGABYTE, b"{}", Reason.TOO_LARGE),
    ("a key of 1 MB alone", b"\xff" * MEGABYTE, None, Reason.TOO_LARGE),
)


def _huge_version(good: Outgoing) -> Outgoing:
    """A fact that is good but for its version, of thirty digits."""
    value = (good.value or b"")[:-1] + b', "version": ' + _HUGE + b"}"
    return good._replace(value=value)


def _good(topic: str, number: int, started_at: str) -> Outgoing:
    """A good fact of a topic."""
    fields: dict[str, Any] = {name: started_at for name in TIMES if name in FACT_TYPES[topic].__struct_fields__}
    names = dict.fromkeys(("call_id", "sale_id", "appointment_id"), f"{number}")
    fields |= {name: text for name, text in names.items() if name in FACT_TYPES[topic].__struct_fields__}
    words: dict[str, dict[str, Any]] = {
        "dialer.conversations.v1": {"outcome": "refused"},
        "dialer.presence.v1": {"state": "available"},
    }
    return fact(topic, **fields, **words.get(topic, {}))


class Sent(NamedTuple):
    """A hostile record and what must become of it."""

    what: str
    record: Outgoing
    reason: Reason


def _hostile(started_at: str) -> list[Sent]:
    found = []
    for topic in FACT_TYPES:
        found += [Sent(what, Outgoing(0, topic, key, value), reason) for what, key, value, reason in HOSTILE]
        huge = _huge_version(_good(topic, -1, started_at))
        found.append(Sent("an integer of 30 digits", huge, Reason.BAD_VALUE))
    return found


@pytest.mark.timeout(180)
def test_hostile_bytes_are_rejected_and_the_worker_goes_on(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In every fact topic: the reason is given, the same process runs on, and facts in between and after count."""
    settings, started_at = fresh(stack), ago(60)
    hostile = _hostile(started_at)
    with running_worker(settings, tmp_path_factory.mktemp("hostile")) as worker:
        stream: list[tuple[Outgoing, Sent | None]] = []
        for number, one in enumerate(hostile):
            stream += [(one.record, one), (_good("dialer.calls.v1", number, started_at), None)]
        places = send(settings, [record for record, _ in stream])
        send(settings, [_good(topic, 1000, started_at) for topic in FACT_TYPES])
        reconciled(settings)
        assert worker.process.poll() is None
    reasons = {}
    for message in log(settings, REJECTED):
        told = {name: text.decode() for name, text in message.headers()}
        place = Place(told["topic"], int(told["partition"]), int(told["offset"]))
        reasons[place] = (Reason(told["reason"]), message.key(), message.value())
    wanted = {place: one for place, (_, one) in zip(places, stream, strict=True) if one is not None}
    assert {place: reason for place, (reason, _, _) in reasons.items()} == {
        place: one.reason for place, one in wanted.items()
    }
    for place, (_, key, value) in reasons.items():
        record = wanted[place].record
        assert (key or b"", value or b"") == (record.key or b"", record.value or b""), wanted[place].what
    counts = bodies(settings, OPERATOR_HOURS)[f"o1|{hour_of(started_at)}"].counts
    # Every good call, and the conversation, appointment and sale that came last.
    assert (counts.calls, counts.refused, counts.appointments, counts.sales) == (len(hostile) + 1, 1, 1, 1)
