"""Names in Redis and their way back."""

from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import redis_keys as keys

HOUR_US = 1_795_438_800_000_000
prefixes = st.sampled_from(["", "t1.", "two:parts:"])
levels = st.sampled_from(keys.LEVELS)
ids = st.text(st.characters(codec="utf-8"), min_size=1)
hours = st.integers(-62_135_596_800 // 60, 253_402_300_799 // 60).map(lambda minute: minute * 60_000_000)


@given(prefix=prefixes, level=levels, identity=ids, hour_us=hours)
def test_a_snapshots_key_gives_back_what_it_was_made_of(prefix: str, level: str, identity: str, hour_us: int) -> None:
    """A board that finds a key knows whose record of which hour it is, whatever the id is written in."""
    key = keys.snapshot_key(prefix, level, identity, hour_us)
    assert keys.parse_snapshot_key(prefix, key) == (level, identity, hour_us)


@given(identity=ids)
def test_an_encoded_id_is_made_of_harmless_characters_only(identity: str) -> None:
    """No colon, blank or wildcard of an id reaches a key or a URL."""
    encoded = keys.encode_id(identity)
    harmless = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~@%")
    assert set(encoded) <= harmless
    assert unquote(encoded) == identity
    assert keys.decode_id(encoded) == identity


@given(prefix=prefixes, hour_us=hours, partition=st.integers(0, 10_000))
def test_hours_and_heartbeats_give_back_what_they_were_made_of(prefix: str, hour_us: int, partition: int) -> None:
    """The other two families of keys read back as well, and no family reads another's keys."""
    hour, beat = keys.hour_key(prefix, hour_us), keys.heartbeat_key(prefix, partition)
    assert keys.parse_hour_key(prefix, hour) == hour_us
    assert keys.parse_heartbeat_key(prefix, beat) == partition
    assert keys.parse_snapshot_key(prefix, hour) is None
    assert keys.parse_hour_key(prefix, beat) is None
    assert keys.parse_heartbeat_key(prefix, hour) is None


@given(text=st.text() | st.text("0123456789TZ:%dialpuse.v1operatorhour", max_size=60))
def test_a_foreign_key_is_none_of_ours(text: str) -> None:
    """Whatever else lies in Redis is passed over; what does parse is the very key that would be made."""
    for key in (text, f"dialpulse:v1:{text}", f"dialpulse:v1:operator:{text}"):
        found = keys.parse_snapshot_key("", key)
        assert found is None or keys.snapshot_key("", *found) == key
        partition = keys.parse_heartbeat_key("", key)
        assert partition is None or keys.heartbeat_key("", partition) == key


def test_the_names_are_those_of_the_contract() -> None:
    """Other people's programs spell them out."""
    assert keys.snapshot_key("", "operator", "@été", HOUR_US) == "dialpulse:v1:operator:@%C3%A9t%C3%A9:20261123T1300Z"
    assert keys.snapshot_key("p.", "site", "main", HOUR_US) == "p.dialpulse:v1:site:main:20261123T1300Z"
    assert keys.hour_key("", HOUR_US) == "dialpulse:v1:hour:20261123T1300Z"
    assert keys.heartbeat_key("", 7) == "dialpulse:v1:heartbeat:7"
    assert keys.marker_key("") == "dialpulse:v1:marker"
    assert keys.updates_channel("") == "dialpulse:v1:updates"


@pytest.mark.parametrize(
    "key",
    [
        "dialpulse:v1:operator:o17:20261123T1360Z",
        "dialpulse:v1:operator:o17:20260230T1300Z",
        "dialpulse:v1:operator:%ff:20261123T1300Z",
        "dialpulse:v1:operator:%6f:20261123T1300Z",
        "dialpulse:v1:operator::20261123T1300Z",
        "dialpulse:v1:moon:o17:20261123T1300Z",
        "other.dialpulse:v1:operator:o17:20261123T1300Z",
        "dialpulse:v2:operator:o17:20261123T1300Z",
    ],
)
def test_a_key_that_is_nearly_right_is_none_of_ours(key: str) -> None:
    """Hours that do not exist, ids encoded another way, other levels, prefixes and versions."""
    assert keys.parse_snapshot_key("", key) is None


def test_an_hour_starts_at_a_whole_minute() -> None:
    """The name has no seconds: an hour that had some would share its name with another."""
    with pytest.raises(ValueError, match="whole minute"):
        keys.hour_name(HOUR_US + 1)


def test_heartbeats_and_markers_are_written_under_the_promised_names() -> None:
    """A board decodes the one, and a worker compares the other: a renamed field would look like a dead worker."""
    beat = keys.Heartbeat(worker="127.0.0.1:9464", instance_id="floor-1", at="t2", last_flush="t1", lag=3)
    wire = b'{"worker":"127.0.0.1:9464","instance_id":"floor-1","at":"t2","last_flush":"t1","lag":3,"last_fact":null}'
    assert msgspec.json.encode(beat) == wire
    assert msgspec.json.decode(wire, type=keys.Heartbeat) == beat
    wire = b'{"partitions":12,"time_zone":"UTC","site_time_zones":{},"conversation_rule":"outcome","generation":1}'
    assert msgspec.json.encode(msgspec.json.decode(wire, type=keys.Marker)) == wire
