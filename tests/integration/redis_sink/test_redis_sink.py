"""What the sink writes into a Redis that is well."""

import asyncio
import time
from urllib.parse import quote

import msgspec
import pytest
import redis

from schemas.redis_keys import hour_key, marker_key, snapshot_key, updates_channel


@pytest.fixture
def client(redis_url):
    """A plain client of the same Redis."""
    with redis.Redis.from_url(redis_url) as connected:
        yield connected


@pytest.fixture
async def sink(open_sink, redis_url, prefix, heard):
    """A sink under this test's own prefix."""
    return open_sink(redis_url, heard, prefix=prefix)


async def _written(sink, until):
    await until(lambda: sink.pending == 0)


def _key(prefix, snapshot):
    return snapshot_key(prefix, snapshot.level, snapshot.id, snapshot.hour_start_us)


async def test_a_record_is_written_only_over_a_lesser_revision(sink, client, prefix, snapshot, until, heard):
    """A greater revision replaces the stored record; a lesser one leaves it, byte for byte."""
    second, first, tenth = snapshot(total=2), snapshot(total=1), snapshot(total=10)
    for offered, standing in ((second, second), (first, second), (tenth, tenth), (second, tenth)):
        sink.offer([offered])
        await _written(sink, until)
        assert client.get(_key(prefix, second)) == standing.value
    assert heard.written == 2


async def test_a_final_record_outranks_the_same_facts_and_yields_to_more(sink, client, prefix, snapshot, until):
    """The last figure of the revision is the final flag, and counts less than any fact."""
    final, open_again, later = (snapshot(total=5, final=1), snapshot(total=5), snapshot(total=6))
    for offered, standing in ((open_again, open_again), (final, final), (open_again, final), (later, later)):
        sink.offer([offered])
        await _written(sink, until)
        assert client.get(_key(prefix, final)) == standing.value


async def test_an_equal_revision_writes_nothing(sink, client, prefix, snapshot, until, heard):
    """The same revision is the same record: neither written nor hinted at again."""
    sink.offer([snapshot()])
    await _written(sink, until)
    client.expire(_key(prefix, snapshot()), 1_000)
    sink.offer([snapshot()])
    await _written(sink, until)
    assert heard.written == 1
    assert client.ttl(_key(prefix, snapshot())) <= 1_000


async def test_a_record_expires_when_it_is_told_to(sink, client, prefix, snapshot, until):
    """The expiry is the snapshot's own, to the second."""
    offered = snapshot(life=5_000)
    sink.offer([offered])
    await _written(sink, until)
    assert abs(client.pttl(_key(prefix, offered)) / 1_000 + time.time() - offered.expires_at) < 0.5


async def test_the_set_of_an_hour_lives_as_long_as_its_longest_record(sink, client, prefix, snapshot, until):
    """A later expiry prolongs the hour's set, an earlier one does not shorten it."""
    for owner, life, kept in (("o1", 5_000, 5_000), ("o2", 9_000, 9_000), ("o3", 5_000, 9_000)):
        sink.offer([snapshot(owner, life=life)])
        await _written(sink, until)
        assert kept - 5 <= client.ttl(hour_key(prefix, snapshot().hour_start_us)) <= kept


async def test_what_has_expired_already_is_not_written(sink, client, prefix, snapshot, until, heard):
    """A snapshot past its expiry is dropped, and is not pending for ever."""
    sink.offer([snapshot("gone", life=-1), snapshot("here")])
    await _written(sink, until)
    assert heard.written == 1
    assert client.smembers(hour_key(prefix, snapshot().hour_start_us)) == {b"here"}


async def test_owners_stand_as_they_are_in_the_set_and_encoded_in_keys(sink, client, prefix, snapshot, until):
    """Everything but letters, digits and -._~@ is percent-encoded in keys, and nowhere else."""
    owners = ["@automne été", "zoë/7:a%20", 'q"uo{te}*', "日本", "plain-._~1"]
    sink.offer([snapshot(owner) for owner in owners])
    await _written(sink, until)
    members = client.smembers(hour_key(prefix, snapshot().hour_start_us))
    assert {member.decode() for member in members} == set(owners)
    keys = {key.decode().split(":")[3] for key in client.keys(f"{prefix}dialpulse:v1:operator:*")}
    assert keys == {quote(owner, safe="-._~@") for owner in owners}


async def test_roll_ups_have_keys_of_their_own_and_are_no_owners(sink, client, prefix, snapshot, until):
    """Campaign, team and site records are written under their level; the hour's set names owners only."""
    rolled_up = [snapshot("x", level=level) for level in ("campaign", "team", "site")]
    sink.offer([*rolled_up, snapshot("o1")])
    await _written(sink, until)
    assert [client.get(_key(prefix, record)) for record in rolled_up] == [record.value for record in rolled_up]
    assert client.smembers(hour_key(prefix, snapshot().hour_start_us)) == {b"o1"}


async def test_a_changed_key_is_hinted_at_and_an_unchanged_one_is_not(sink, client, prefix, snapshot, until):
    """Subscribers of the updates channel hear the key of every record that was written."""
    listener = client.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(updates_channel(prefix))
    for offered in (snapshot("a", 2), snapshot("a", 1), snapshot("b", 1)):
        sink.offer([offered])
        await _written(sink, until)
    hints = []
    await until(lambda: _hear(listener, hints) and len(hints) >= 2)
    listener.close()
    assert hints == [_key(prefix, snapshot("a")), _key(prefix, snapshot("b"))]


def _hear(listener, hints):
    while message := listener.get_message(timeout=0.05):
        hints.append(message["data"].decode())
    return True


async def test_of_many_changes_the_last_stands(sink, client, prefix, snapshot, until):
    """A key offered many times at once is written with its greatest revision."""
    for total in range(1, 200):
        sink.offer([snapshot(total=total)])
    assert sink.pending == 1
    await _written(sink, until)
    assert client.get(_key(prefix, snapshot())) == snapshot(total=199).value


async def test_the_latest_heartbeat_is_written_at_once_and_expires(sink, client, prefix, until):
    """A partition's heartbeat replaces the one before and lives 30 seconds."""
    key = f"{prefix}dialpulse:v1:heartbeat:3"
    await until(lambda: client.exists(marker_key(prefix)))
    for beat in (b'{"lag":0}', b'{"lag":1}', b'{"lag":2}'):
        sink.heartbeat(3, beat)
    await until(lambda: client.get(key) == b'{"lag":2}', 0.9)
    assert 28 <= client.ttl(key) <= 30


async def test_the_marker_holds_the_settings_and_replaces_that_of_others(open_sink, client, redis_url, prefix, until):
    """A Redis filled under other settings is marked anew."""
    client.set(marker_key(prefix), b'{"partitions":4,"time_zone":"UTC","generation":0,"filled":"x"}')
    open_sink(redis_url, prefix=prefix)
    await until(lambda: msgspec.json.decode(client.get(marker_key(prefix)))["generation"] == 1)
    assert client.ttl(marker_key(prefix)) == -1


async def test_many_records_do_not_hold_up_the_event_loop(sink, client, prefix, snapshot, until):
    """While 5,000 records are written, other tasks get their turn all the time."""
    records = [snapshot(f"o{number}") for number in range(5_000)]
    gaps, last = [], time.perf_counter()
    sink.offer(records)
    while sink.pending:
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - last)
        last = time.perf_counter()
    gaps.sort()
    assert len(gaps) > 20
    assert gaps[len(gaps) * 9 // 10] < 0.05
    assert client.scard(hour_key(prefix, snapshot().hour_start_us)) == 5_000
