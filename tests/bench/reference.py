"""The reference: librdkafka consumes, msgspec decodes, and nothing is done with it. Run with Kafka, topic, partitions.

Prints one line of JSON: facts, CPU-seconds, seconds and MiB.
"""

import json
import resource
import subprocess
import sys
import time

import msgspec
from confluent_kafka import Consumer, TopicPartition

from schemas.facts import Call
from streams.errors import UserError
from tests.bench.measured import Run
from tests.bench.recount import Recount
from tests.bench.stage import Stage

TAKEN_AT_ONCE = 10_000


def run(stage: Stage, counted: Recount) -> Run:
    """Reads all facts in a process of its own."""
    line = [sys.executable, "-m", __name__, stage.kafka, stage.source, str(stage.settings.partitions)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"the reference ended with {done.returncode}: {done.stderr[-500:]}", exit_code=1)
    found = Run(**json.loads(done.stdout))
    if found.facts != counted.facts:
        raise UserError(f"the reference read {found.facts} facts instead of {counted.facts}", exit_code=1)
    return found


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(kafka: str, topic: str, partitions: int) -> Run:
    """Consumes and decodes the whole topic."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "bench-reference",
            "enable.auto.commit": False,
            # Its default pauses a second whenever the queue is full.
            "fetch.queue.backoff.ms": 5,
        }
    )
    places = [TopicPartition(topic, number, 0) for number in range(partitions)]
    left = sum(consumer.get_watermark_offsets(place, timeout=30)[1] for place in places)
    decode = msgspec.json.Decoder(Call).decode
    facts, cpu, began = 0, _cpu_s(), time.monotonic()
    consumer.assign(places)
    while facts < left:
        messages = consumer.consume(TAKEN_AT_ONCE, 1.0)
        for message in messages:
            decode(message.value())
        facts += len(messages)
    cpu, wall = _cpu_s() - cpu, time.monotonic() - began
    return Run(facts, cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    done = read(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    print(json.dumps({name: getattr(done, name) for name in ("facts", "cpu_s", "wall_s", "peak_mib")}))
