"""Signs of life in Redis: one per partition, so that a stopped pipeline never looks like a quiet floor."""

import asyncio
import socket

import msgspec

from processors.times import SECOND_US, format_millis
from schemas.redis_keys import Heartbeat
from streams.setting_values import host_and_port
from streams.sinks.redis import RedisSink
from streams.topology import Flow

EVERY_S = 1.0


def reachable(address: str) -> str:
    """The address as others reach it: one that stands for every address of the machine becomes the host's name."""
    host, port = host_and_port(address)
    return f"{socket.gethostname()}:{port}" if host in ("0.0.0.0", "::") else address  # noqa: S104 - compared with


async def beat(flow: Flow, sink: RedisSink, address: str, instance_id: str) -> None:
    """Hands the sink a heartbeat per partition of this worker, once a second, until cancelled.

    None while the worker is not ready: a board then says that these partitions are stale, and since when.
    """
    facts = flow.pages.fact_topics
    where = reachable(address)
    while True:
        status = flow.app.engine_status
        if status.ready and status.last_flush is not None:
            now_us = flow.pages.now_us()
            for partition in status.partitions:
                lags = {tp.topic: lag for tp, lag in status.lag.items() if tp.partition == partition}
                stamps = (flow.pages.progress(topic, partition).last_timestamp_ms for topic in facts)
                last_ms = max((stamp for stamp in stamps if stamp is not None), default=None)
                heartbeat = Heartbeat(
                    worker=where,
                    instance_id=instance_id,
                    at=format_millis(now_us),
                    last_flush=format_millis(int(status.last_flush * SECOND_US)),
                    lag=sum(lags.get(topic, 0) for topic in facts),
                    last_fact=None if last_ms is None else format_millis(last_ms * 1000),
                )
                sink.heartbeat(partition, msgspec.json.encode(heartbeat))
        await asyncio.sleep(EVERY_S)
