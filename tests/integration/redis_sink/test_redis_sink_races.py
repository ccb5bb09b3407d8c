"""Two workers write the same keys: the greatest revision stands, whoever comes last."""

import asyncio
import random
import re

import pytest

OWNERS = [f"o{number}" for number in range(12)]


def _stored(server):
    found = {}
    for owner in OWNERS:
        if record := server.record("operator", owner):
            found[owner] = re.search(r'"revision":"(.*?)"', record)[1]
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_a_stale_writer_never_wins(own_redis, open_sink, snapshot, until, seed):
    """Random revisions from two sinks in random turns: no stored revision ever falls, the greatest stands."""
    chance = random.Random(seed)
    sinks = [open_sink(own_redis.url), open_sink(own_redis.url)]
    greatest, before = {}, {}
    for _ in range(120):
        for sink in sinks:
            records = [snapshot(chance.choice(OWNERS), chance.randrange(1, 300), chance.randrange(2)) for _ in range(4)]
            sink.offer(records)
            for record in records:
                greatest[record.id] = max(greatest.get(record.id, ""), record.revision)
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.01)
        now = _stored(own_redis)
        assert all(now[owner] >= revision for owner, revision in before.items())
        before = now
    await until(lambda: not any(sink.pending for sink in sinks))
    assert _stored(own_redis) == greatest


@pytest.mark.parametrize("seed", range(3))
async def test_any_mix_of_failures_ends_with_the_greatest_revisions(own_redis, open_sink, snapshot, until, seed):
    """Kills, flushes and forgotten scripts at random moments: in the end Redis holds what the pages hold."""
    chance = random.Random(seed)
    pages = [{}, {}]
    sinks = [open_sink(own_redis.url, pages=_View(own), pending_limit=6) for own in pages]
    for total in range(1, 61):
        for number, sink in enumerate(sinks):
            records = [snapshot(owner, total) for owner in chance.sample(OWNERS[number::2], 3)]
            pages[number].update({record.id: record for record in records})
            sink.offer(records)
        _disturb(own_redis, chance.random())
        await asyncio.sleep(chance.random() * 0.1)
    expected = {owner: record.revision for own in pages for owner, record in own.items()}
    await until(lambda: _stored(own_redis) == expected)


class _View:
    """A page table's snapshots at the moment somebody asks for them."""

    def __init__(self, pages):
        self._pages = pages

    def __iter__(self):
        return iter(self._pages.values())


def _disturb(server, chance):
    if chance < 0.05:
        server.kill()
        server.start()
    elif chance < 0.15:
        server.client.flushall()
    elif chance < 0.2:
        server.client.script_flush()
