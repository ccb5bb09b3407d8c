"""The forms of single values, as type aliases: plain types to a decoder, constraints in the JSON Schemas.

msgspec checks nothing of ``extra_json_schema`` while decoding, so the hot path pays nothing for what stands here.
The patterns are necessary, not sufficient: the worker's own judgement also knows which characters are printable,
which dates exist, which currencies and zones there are.
"""

from typing import Annotated

from msgspec import Meta

LONGEST_ID = 128
"""Code points."""
GREATEST_VERSION = 2**43 - 1
GREATEST_ATTEMPT = 1_000_000
LONGEST_DURATION_S = 30 * 24 * 3600

# No blank at either end, no |, none of the characters that take no ink or act on the line.
_UNPRINTABLE = "\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff"
_ID_PATTERN = f"^(?! )[^|{_UNPRINTABLE}]*[^ |{_UNPRINTABLE}]$"
_TIME_PATTERN = (
    "^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_AMOUNT_PATTERN = "^[0-9]{1,18}(\\.[0-9]{1,6})?$"

Id = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": LONGEST_ID, "pattern": _ID_PATTERN})]
"""1 to 128 printable code points, no blank at either end, no ``|``; compared as they are."""

OperatorId = Annotated[
    str,
    Meta(
        extra_json_schema={
            "minLength": 1,
            "maxLength": LONGEST_ID,
            "pattern": _ID_PATTERN.replace("(?! )", "(?![ @])"),
        }
    ),
]
"""An id that does not begin with ``@``, which is kept for attempts without an operator."""

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time", "pattern": _TIME_PATTERN})]
"""RFC 3339 with an offset or ``Z``, at most microseconds, in the years 1973 to 2199."""

Seconds = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": LONGEST_DURATION_S})]
"""A duration in seconds, up to thirty days; held as whole microseconds, half a microsecond to even."""

Amount = Annotated[str, Meta(extra_json_schema={"pattern": _AMOUNT_PATTERN})]
"""Money as decimal text, no sign, no exponent: at most 18 digits and six decimals."""

Currency = Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Z]{3}$"})]
"""A code of ISO 4217 in capitals."""

ZoneName = Annotated[str, Meta(extra_json_schema={"minLength": 1})]
"""An IANA time zone's name."""

VersionNumber = Annotated[int, Meta(extra_json_schema={"minimum": 0, "maximum": GREATEST_VERSION})]
"""0 to 2^43 - 1: a counter, or the source's update time in epoch milliseconds."""

Attempt = Annotated[int, Meta(extra_json_schema={"minimum": 1, "maximum": GREATEST_ATTEMPT})]
"""Which attempt at the same lead, from 1."""

Revision = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]{4}-[0-9]{20}-[01]$"})]
"""``GGGG-S-F``: generation, sum of (version + 1) in twenty digits, 1 once final; the greater text is the newer."""
