"""Records that do not count, through a real worker: each in the rejected topic with its reason, the rest unharmed."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from schemas.examples import Example, load_examples
from schemas.facts import FACT_TYPES
from schemas.registry import load
from schemas.rejections import RESERVED, Reason
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.settings import Settings
from tests.integration.pipeline_rig import (
    OPERATOR_HOURS,
    REJECTED,
    Place,
    Samples,
    ago,
    bodies,
    call,
    fresh,
    log,
    metric,
    metrics,
    reconciled,
    send,
)
from tests.workers import Worker, running_worker

EARLIER = timedelta(days=400)
"""The examples lie around one day; they are moved into the past, so that the times of their statements have been."""

INVALID = [(topic, one) for topic in FACT_TYPES for one in load_examples(topic) if one.reason is not None]
_TIME = re.compile(rb"\d{4}-\d\d-\d\d(?=T)")


class Rejected(NamedTuple):
    """A record of the rejected topic."""

    key: bytes
    value: bytes
    reason: str
    detail: str


class Ran(NamedTuple):
    """What became of the invalid examples."""

    settings: Settings
    sent: list[tuple[Place, Outgoing, Example]]
    rejected: dict[Place, Rejected]
    samples: Samples


def _moved(text: bytes) -> bytes:
    def earlier(found: re.Match[bytes]) -> bytes:
        return (datetime.fromisoformat(found[0].decode()) - EARLIER).date().isoformat().encode()

    return _TIME.sub(earlier, text)


def _stated(value: dict[str, Any], example: Example) -> bytes:
    """The value with its statement's time, since the broker stamps facts with their arrival."""
    if example.detail_names == "stated_at" and example.reason == Reason.IN_THE_FUTURE:
        return json.dumps(value | {"stated_at": ago(-2 * 86_400)}).encode()
    return _moved(json.dumps({"stated_at": example.record_timestamp} | value, ensure_ascii=False).encode())


def _records(topic: str, number: int, example: Example) -> Iterator[Outgoing]:
    """What was accepted before, and the invalid record last."""
    for value in example.before:
        yield Outgoing(0, topic, example.key_bytes(), _stated(value, example))
    # A value given as bytes is to arrive as these bytes.
    last = example.value_bytes() if example.value is None else _stated(example.value, example)
    yield Outgoing(0, topic, example.key_bytes(), last, mark=str(number))


def rejected_records(settings: Settings) -> dict[Place, Rejected]:
    """The rejected topic, by where each record had lain."""
    found = {}
    for message in log(settings, REJECTED):
        told = {name: text.decode() for name, text in message.headers()}
        assert list(told) == ["reason", "detail", "topic", "partition", "offset"]
        place = Place(told["topic"], int(told["partition"]), int(told["offset"]))
        assert place not in found
        found[place] = Rejected(message.key(), message.value(), told["reason"], told["detail"])
    return found


@pytest.fixture(scope="module")
def worker(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Worker]]:
    """A running worker that every test of this file gives its records to."""
    settings = fresh(stack)
    with running_worker(settings, tmp_path_factory.mktemp("rejects")) as running:
        yield settings, running


@pytest.fixture(scope="module")
def ran(worker: tuple[Settings, Worker]) -> Ran:
    """Every invalid example of every fact topic, in a row, and a good fact after each."""
    settings, process = worker
    sent: list[tuple[Outgoing, Example | None]] = []
    for number, (topic, example) in enumerate(INVALID):
        good = call(f"after {number}", "2025-11-04T09:00:00Z", stated_at="2025-11-04T09:00:00Z", operator_id="good")
        sent += [(record, example) for record in _records(topic, number, example)] + [(good, None)]
    places = send(settings, [record for record, _ in sent])
    reconciled(settings)
    invalid = [
        (place, record, example)
        for place, (record, example) in zip(places, sent, strict=True)
        if record.mark and example is not None
    ]
    return Ran(settings, invalid, rejected_records(settings), metrics(process.address))


def test_the_examples_show_every_reason_that_a_fact_can_be_rejected_for() -> None:
    """Each topic's examples cover all the reasons that the registry lists for it."""
    for topic in FACT_TYPES:
        assert {one.reason for one in load_examples(topic)} - {None} == set(load()[topic].rejects)
    assert {one.reason for _, one in INVALID} == set(Reason) - RESERVED


def test_every_invalid_record_is_rejected_for_its_reason(ran: Ran) -> None:
    """The reason is the example's own, and the detail begins with the field that is wrong."""
    assert set(ran.rejected) == {place for place, _, _ in ran.sent}
    for place, _, example in ran.sent:
        found = ran.rejected[place]
        assert found.reason == example.reason, (example.name, found.detail)
        field = example.detail_names if example.detail_names is not None else "the "
        assert found.detail.startswith(field), (example.name, found.detail)


def test_rejected_records_are_as_they_came(ran: Ran) -> None:
    """Key and value, byte for byte; where they lay is said in the headers."""
    for place, record, _ in ran.sent:
        assert (ran.rejected[place].key, ran.rejected[place].value) == (record.key or b"", record.value or b"")


def test_rejections_are_counted_by_topic_and_reason(ran: Ran) -> None:
    """The worker's metrics tell how many of which."""
    for topic in FACT_TYPES:
        for reason in Reason:
            wanted = sum(place.topic == topic and example.reason == reason for place, _, example in ran.sent)
            assert metric(ran.samples, "dialpulse_rejected_total", topic=topic, reason=reason) == wanted
        everything = metric(ran.samples, "dialpulse_facts_total", topic=topic, result="rejected")
        assert everything == sum(place.topic == topic for place, _, _ in ran.sent)


def test_facts_between_the_rejected_ones_count(ran: Ran) -> None:
    """A rejection stops nothing: the good fact after each invalid record is in its hour."""
    record = bodies(ran.settings, OPERATOR_HOURS)["good|2025-11-04T09:00:00Z"]
    assert record.counts.calls == len(INVALID)


def test_misplaced_facts_are_forwarded_and_count_once_under_their_owner(worker: tuple[Settings, Worker]) -> None:
    """Under another key, without one, or in another partition: a copy with ``stated_at`` and unknown fields counts."""
    settings, process = worker
    start = "2025-11-05T09:00:00.000Z"
    misplaced = [
        call("key", start, b"somebody", operator_id="away", stated_at=start, extra={"kept": [1, 2.50]}),
        call("none", start, b"", operator_id="away", stated_at=start),
        call("late", ago(120), b"somebody", operator_id="now"),
    ]
    [home] = send(settings, [call("home", start, operator_id="away", stated_at=start)])
    places = send(settings, misplaced)
    others = [number for number in range(settings.partitions) if number != home.partition]
    for number in others:
        places += send(settings, [call(f"in {number}", start, operator_id="away", stated_at=start)], number)
    reconciled(settings)
    assert metric(metrics(process.address), "dialpulse_facts_total", result="forwarded") == len(places)
    assert bodies(settings, OPERATOR_HOURS)["away|2025-11-05T09:00:00Z"].counts.calls == 3 + len(others)
    _assert_copies(settings, places)


def _assert_copies(settings: Settings, places: list[Place]) -> None:
    messages = {(one.partition(), one.offset()): one for one in log(settings, "dialer.calls.v1")}
    originals: dict[str, Place] = {
        json.loads(messages[place.partition, place.offset].value())["call_id"]: place for place in places
    }
    copies: dict[str, Any] = {}
    for place, message in messages.items():
        identity = json.loads(message.value()).get("call_id", "") if message.value()[:1] == b"{" else ""
        if identity in originals and place != originals[identity][1:]:
            assert identity not in copies
            copies[identity] = message
    assert set(copies) == set(originals)
    for identity, copy in copies.items():
        original = messages[originals[identity][1:]]
        value, was = json.loads(copy.value()), json.loads(original.value())
        arrived = original.timestamp()[1] / 1000
        stated = datetime.fromisoformat(value.pop("stated_at"))
        if "stated_at" not in was:
            assert abs(stated.timestamp() - arrived) < 0.001
        was.pop("stated_at", None)
        assert (copy.key().decode(), value) == (value["operator_id"], was)
