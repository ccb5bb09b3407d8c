"""What the sink does with a Redis that answers, and says no."""

import asyncio
import time

import pytest

from streams.sinks.redis import RedisSink

SETTINGS = {
    "password": (("CONFIG", "SET", "requirepass", "other"), ("CONFIG", "SET", "requirepass", ""), "uthenticat"),
    "replica": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "READONLY|read only replica"),
    "memory": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "maxmemory"),
}


@pytest.mark.parametrize("wrong", SETTINGS)
async def test_a_wrong_setting_is_told_and_waited_out(own_redis, open_sink, heard, snapshot, until, wrong):
    """Whatever is set wrongly in Redis is reported in its words, once, and retried until it is put right."""
    spoil, repair, words = SETTINGS[wrong]
    own_redis.client.execute_command(*spoil)
    sink = open_sink(own_redis.url, heard)
    sink.offer([snapshot()])
    await until(lambda: heard.count("away"))
    await asyncio.sleep(0.8)
    assert any(word in heard.reasons("away") for word in words.split("|"))
    assert (heard.count("away"), heard.count("back"), sink.pending) == (1, 0, 1)
    own_redis.client.execute_command(*repair)
    await until(lambda: sink.pending == 0 and heard.count("back"))
    assert own_redis.record("operator", "o1") == snapshot().value.decode()


async def test_a_redis_that_fills_up_under_way_is_told_once(own_redis, open_sink, heard, snapshot, until):
    """Out of memory with the connection up: no turning back and forth between away and back."""
    sink = open_sink(own_redis.url, heard)
    await until(lambda: own_redis.client.exists("dialpulse:v1:marker"))
    own_redis.client.config_set("maxmemory", 1)
    sink.offer([snapshot()])
    await asyncio.sleep(1.5)
    assert [kind for kind, _ in heard.told] == ["away"]
    own_redis.client.config_set("maxmemory", 0)
    await until(lambda: sink.pending == 0)


@pytest.mark.parametrize("kind", ["operator:o1", "hour"])
async def test_a_key_of_the_wrong_type_harms_no_other(own_redis, open_sink, heard, snapshot, until, kind):
    """A key that somebody used for something else is named; the other records are written meanwhile."""
    sink = open_sink(own_redis.url, heard)
    await until(lambda: own_redis.client.exists("dialpulse:v1:marker"))
    sink.offer([snapshot("o1")])
    await until(lambda: sink.pending == 0)
    (key,) = own_redis.client.keys(f"dialpulse:v1:{kind}:*")
    own_redis.client.delete(key)
    own_redis.client.lpush(key, "mine")
    sink.offer([snapshot("o1", 2), snapshot("x", 1, level="campaign")])
    await until(lambda: own_redis.record("campaign", "x") and key in heard.reasons("refused"))
    assert sink.pending == 1
    assert heard.count("away") == 0
    own_redis.client.delete(key)
    await until(lambda: sink.pending == 0 and own_redis.client.exists(key))
    assert own_redis.record("operator", "o1") == snapshot("o1", 2).value.decode()


async def test_a_marker_of_the_wrong_type_is_told_and_waited_out(own_redis, open_sink, heard, snapshot, until):
    """Without a marker the sink does not write: it could not know whether Redis was emptied."""
    own_redis.client.lpush("dialpulse:v1:marker", "mine")
    sink = open_sink(own_redis.url, heard)
    sink.offer([snapshot()])
    await until(lambda: "WRONGTYPE" in heard.reasons("away"))
    own_redis.client.delete("dialpulse:v1:marker")
    await until(lambda: sink.pending == 0)


async def test_a_forgotten_script_is_loaded_again(own_redis, open_sink, heard, snapshot, until):
    """SCRIPT FLUSH is no failure."""
    sink = open_sink(own_redis.url, heard)
    for total in (1, 2):
        sink.offer([snapshot(total=total)])
        await until(lambda: sink.pending == 0)
        own_redis.client.script_flush()
    assert own_redis.record("operator", "o1") == snapshot(total=2).value.decode()
    assert heard.count("away") == 0


async def test_something_else_at_the_address_is_told(open_sink, heard, until):
    """A server that speaks another protocol is reported, and does not end the sink."""
    server = await asyncio.start_server(_speak_http, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sink = open_sink(f"redis://127.0.0.1:{port}/0", heard)
    await until(lambda: heard.count("away"))
    sink.offer([])
    server.close()


async def _speak_http(reader, writer):
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_a_stop_ends_however_it_meets_the_wire(own_redis, snapshot):
    """Cancelled at any moment, in the middle of a refusal or between two, the sink ends and keeps what it had."""
    own_redis.client.config_set("maxmemory", 1)
    for moment in range(30):
        sink = RedisSink(own_redis.url, "", clock=time.time, marker=b'{"generation":1}', everything=lambda: iter(()))
        sink.offer([snapshot()])
        task = asyncio.create_task(sink.run())
        await asyncio.sleep(moment / 10_000)
        task.cancel()
        await asyncio.wait([task], timeout=2)
        assert task.done()
        assert not await asyncio.wait_for(sink.close(0), 2)
        assert sink.pending == 1
