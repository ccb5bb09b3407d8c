"""Records that do not count where they lie: rejected ones with their reason, misplaced ones sent home."""

import msgspec

from processors.building import Refusal
from processors.fields import GREATEST_VALUE
from processors.owners import record_key
from processors.times import format_millis
from schemas.rejections import Reason
from streams.engine.outgoing import Record

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def rejected_record(key: bytes | None, value: bytes | None, refusal: Refusal, source: tuple[str, int, int]) -> Record:
    """The record for the rejected topic: key and value as they came, absent ones empty, and why in the headers.

    ``source``: topic, partition and offset, by which a reader tells repeats apart.
    """
    topic, partition, offset = source
    texts = {
        "reason": str(refusal.reason),
        "detail": refusal.detail,
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
    }
    return key or b"", value or b"", [(name, text.encode()) for name, text in texts.items()]


def forwarded_copy(owner: str, value: bytes, stamp_ms: int) -> Record:
    """A misplaced fact as it is to lie under its owner: the original, with ``stated_at`` where it was absent.

    The record's timestamp (milliseconds) becomes ``stated_at``, so that lateness is judged the same at its new place.
    Unknown fields stay. Raises Refusal where the copy would be too large to be taken there.
    """
    stated = _fields(value).get("stated_at")
    if stated is None or bytes(stated) == b"null":
        # Appended as text: decoding and encoding would change numbers that are not ours. The last of two wins.
        body = value.rstrip()[:-1].rstrip()
        stated_at = format_millis(stamp_ms * 1000).encode()
        value = body + b',"stated_at":"' + stated_at + b'"}'
    if len(value) > GREATEST_VALUE:
        detail = f"the value: is over {GREATEST_VALUE} bytes with the stated_at that its way to its owner needs"
        raise Refusal(Reason.TOO_LARGE, detail)
    return record_key(owner), value, ()
