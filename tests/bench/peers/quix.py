"""Quix Streams as its documentation has it: grouped by the record's key, state per key, a result per message.

A program of the peers' own environment. Given: Kafka, topic of calls, topic of KPIs, group, folder for state.
"""

import functools
import sys

from quixstreams import Application, State

CONVERSATION_S = 20


@functools.cache
def begin() -> None:
    """The measuring begins with the first message."""
    print("assigned", flush=True)


def count(call: dict, state: State) -> dict | None:
    """Keeps the greatest version of each call, and the counts of its operator's hour."""
    begin()
    hour = call["started_at"][:13]
    identity = f"{hour}|{call['call_id']}"
    before = state.get(identity)
    if before is not None and call.get("version", 0) <= before[0]:
        return None
    talk_ms = round(call.get("talk_seconds", 0) * 1000)
    by = call.get("answered_by")
    answered = int(by in ("human", "machine") or "answered_at" in call or talk_ms > 0)
    talked = int(talk_ms >= CONVERSATION_S * 1000 and by != "machine")
    said = [call.get("version", 0), answered, talked, talk_ms if talked else 0]
    counts = state.get(hour, [0, 0, 0, 0])
    counts = [counts[0] + (before is None), *(old + new for old, new in zip(counts[1:], said[1:], strict=True))]
    if before is not None:
        counts[1:] = [new - old for new, old in zip(counts[1:], before[1:], strict=True)]
    state.set(identity, said)
    state.set(hour, counts)
    names = ("calls", "answered", "conversations", "talk_ms")
    return {"page": f"{call['operator_id']}|{hour}", **dict(zip(names, counts, strict=True))}


def main(kafka: str, source: str, kpis: str, group: str, folder: str) -> None:
    """Runs until told to end."""
    app = Application(
        broker_address=kafka,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=0.5,
        consumer_extra_config={"fetch.queue.backoff.ms": 5, "group.instance.id": "bench", "session.timeout.ms": 10000},
        producer_extra_config={"linger.ms": 50, "partitioner": "murmur2_random"},
        state_dir=folder,
        loglevel="WARNING",
    )
    frame = app.dataframe(app.topic(source, value_deserializer="json", key_deserializer="str"))
    frame = frame.apply(count, stateful=True)
    frame = frame[frame.apply(lambda kpi: kpi is not None)]
    frame.to_topic(app.topic(kpis, value_serializer="json", key_serializer="str"), key=lambda kpi: kpi["page"])
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
