"""What the sink does when Redis is away, frozen, or back with less than it had."""

import asyncio
import signal
import time

import pytest


def _all_stand(server, records):
    return all(server.record(record.level, record.id) == record.value.decode() for record in records)


async def test_what_came_while_redis_was_away_is_written_when_it_is_back(own_redis, open_sink, heard, snapshot, until):
    """Five seconds without a Redis delay nobody but Redis, and lose nothing."""
    pages = [snapshot(f"o{number}", 1) for number in range(20)]
    sink = open_sink(own_redis.url, heard, pages=pages)
    await until(lambda: _all_stand(own_redis, pages))
    own_redis.kill()
    gone = time.monotonic()
    while time.monotonic() - gone < 5:
        pages[:] = [snapshot(f"o{number}", 2 + int(time.monotonic() - gone)) for number in range(20)]
        began = time.perf_counter()
        sink.offer(pages[:10])
        assert time.perf_counter() - began < 0.05
        await asyncio.sleep(0.1)
    assert sink.pending == 10
    assert sink.behind_seconds > 4
    own_redis.start()
    await until(lambda: _all_stand(own_redis, pages) and sink.behind_seconds == 0)
    assert (heard.count("back"), heard.count("empty"), sink.pending) == (1, 1, 0)


async def test_a_redis_that_is_not_there_at_the_start_is_waited_for(own_redis, open_sink, heard, snapshot, until):
    """A worker may start before its Redis does."""
    own_redis.kill()
    sink = open_sink(own_redis.url, heard, pages=[snapshot("old")])
    sink.offer([snapshot("new")])
    await until(lambda: heard.count("away"))
    own_redis.start()
    await until(lambda: _all_stand(own_redis, [snapshot("old"), snapshot("new")]))


async def test_an_older_data_set_is_brought_up_to_date(own_redis, open_sink, heard, snapshot, until):
    """Redis comes back from a snapshot on its disk, marker and all: every record is written again."""
    pages = [snapshot("a", 1), snapshot("b", 1)]
    sink = open_sink(own_redis.url, heard, pages=pages)
    await until(lambda: _all_stand(own_redis, pages))
    own_redis.client.save()
    pages[:] = [snapshot("a", 7), snapshot("b", 7), snapshot("c", 1)]
    sink.offer(pages)
    await until(lambda: _all_stand(own_redis, pages))
    own_redis.kill()
    own_redis.start()
    await until(lambda: _all_stand(own_redis, pages))
    assert heard.count("empty") == 0


async def test_an_emptied_redis_is_filled_before_any_sign_of_life(own_redis, open_sink, heard, snapshot, until):
    """FLUSHALL with the connection up: all records come again, and heartbeats only after them."""
    pages = [snapshot(f"o{number}") for number in range(3_000)]
    sink = open_sink(own_redis.url, heard, pages=pages)
    sink.heartbeat(0, b"{}")
    await until(lambda: own_redis.client.exists("dialpulse:v1:heartbeat:0") and sink.behind_seconds == 0)
    own_redis.client.flushall()
    while not own_redis.client.exists("dialpulse:v1:heartbeat:0"):
        sink.heartbeat(0, b"{}")
        await asyncio.sleep(0.002)
    assert own_redis.client.dbsize() == 3_003
    assert heard.count("empty") == 1


async def test_every_worker_notices_that_redis_was_emptied(own_redis, open_sink, snapshot, until):
    """The one that marks it again first does not hide it from the others."""
    ours, theirs = [snapshot("ours")], [snapshot("theirs")]
    open_sink(own_redis.url, pages=ours)
    open_sink(own_redis.url, pages=theirs)
    for _ in range(3):
        await until(lambda: _all_stand(own_redis, ours + theirs))
        own_redis.client.flushall()
    await until(lambda: _all_stand(own_redis, ours + theirs))


async def test_a_frozen_redis_holds_up_nothing(own_redis, open_sink, heard, snapshot, until):
    """Redis stops in the middle: offers return at once, the loop turns, and all is there after it wakes."""
    pages = [snapshot(f"o{number}") for number in range(2_000)]
    sink = open_sink(own_redis.url, heard)
    await until(lambda: own_redis.client.exists("dialpulse:v1:marker"))
    own_redis.signal(signal.SIGSTOP)
    began, longest = time.monotonic(), 0.0
    while not heard.count("away"):
        before = time.perf_counter()
        sink.offer(pages)
        await asyncio.sleep(0.01)
        longest = max(longest, time.perf_counter() - before)
        assert time.monotonic() - began < 5
    assert longest < 0.3
    own_redis.signal(signal.SIGCONT)
    await until(lambda: sink.pending == 0 and sink.behind_seconds == 0)
    assert _all_stand(own_redis, pages)
    assert "Timeout" in heard.reasons("away")


async def test_memory_is_bounded_and_nothing_is_lost_for_it(own_redis, open_sink, snapshot, until):
    """Beyond the limit pending records are dropped; the full rewriting brings them."""
    pages = [snapshot(f"o{number}") for number in range(1_000)]
    own_redis.kill()
    sink = open_sink(own_redis.url, pages=pages, pending_limit=100)
    for record in pages:
        sink.offer([record])
        assert sink.pending <= 101
    assert sink.pending == 0
    assert sink.behind_seconds > 0
    own_redis.start()
    await until(lambda: sink.behind_seconds == 0)
    assert _all_stand(own_redis, pages)


async def test_a_burst_beyond_the_limit_is_written_all_the_same(own_redis, open_sink, snapshot, until):
    """With Redis well, one offer larger than the limit turns into a full rewriting."""
    pages = []
    sink = open_sink(own_redis.url, pages=pages, pending_limit=100)
    await until(lambda: sink.behind_seconds == 0)
    pages.extend(snapshot(f"o{number}") for number in range(500))
    sink.offer(pages)
    await until(lambda: sink.behind_seconds == 0)
    assert _all_stand(own_redis, pages)


async def test_a_full_rewriting_can_be_asked_for(own_redis, open_sink, snapshot, until):
    """What another worker left unwritten is written by the one that takes over."""
    pages = []
    sink = open_sink(own_redis.url, pages=pages)
    await until(lambda: sink.behind_seconds == 0)
    pages.append(snapshot("taken-over"))
    sink.rewrite()
    await until(lambda: _all_stand(own_redis, pages))


@pytest.mark.parametrize("cancelled", [False, True])
async def test_closing_writes_what_is_pending(own_redis, open_sink, snapshot, until, cancelled):
    """A graceful stop leaves nothing behind, whether the writer still runs or was cancelled."""
    sink = open_sink(own_redis.url)
    await until(lambda: own_redis.client.exists("dialpulse:v1:marker"))
    if cancelled:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
    pages = [snapshot(f"o{number}") for number in range(1_000)]
    sink.offer(pages)
    assert await sink.close(5)
    assert _all_stand(own_redis, pages)


async def test_closing_gives_up_in_time_when_redis_is_away(own_redis, open_sink, snapshot):
    """A stop does not wait for ever, and says that something was left."""
    sink = open_sink(own_redis.url)
    own_redis.kill()
    sink.offer([snapshot()])
    began = time.monotonic()
    assert not await sink.close(0.5)
    assert time.monotonic() - began < 1.5
