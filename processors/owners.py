"""Who owns a fact, and the partition in which its owner lives."""

from functools import lru_cache

CAMPAIGN_SIGN = "@"
"""Begins the owner of attempts that never had an operator; an operator's id cannot begin with it."""


def owner_of(operator_id: str | None, campaign_id: str) -> str:
    """The owner of a fact: its operator, or its campaign where a call never had one."""
    return operator_id if operator_id is not None else CAMPAIGN_SIGN + campaign_id


def is_operator(owner: str) -> bool:
    """True for a person, False for a campaign's operator-less attempts."""
    return not owner.startswith(CAMPAIGN_SIGN)


def record_key(owner: str) -> bytes:
    """The Kafka key of every fact of this owner."""
    return owner.encode()


@lru_cache(maxsize=1 << 17)
def partition_of(owner: str, partitions: int) -> int:
    """The partition of ``owner``'s facts among ``partitions``, where Kafka's Java client would put its key."""
    return partition_of_key(record_key(owner), partitions)


def partition_of_key(key: bytes, partitions: int) -> int:
    """The partition that Kafka's Java client gives to a record with this key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(key: bytes) -> int:
    """Austin Appleby's public-domain MurmurHash2 with Kafka's seed, as an unsigned 32-bit integer."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(key)
    state = 0x9747B28C ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * multiplier & mask
        word = (word ^ (word >> 24)) * multiplier & mask
        state = (state * multiplier & mask) ^ word
    if length > whole:
        state = (state ^ int.from_bytes(key[whole:], "little")) * multiplier & mask
    state = (state ^ (state >> 13)) * multiplier & mask
    return state ^ (state >> 15)
