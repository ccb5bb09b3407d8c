# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""Plain values in JSON: where each ends, what it says, and how msgspec would pack it. Compiled, for the scanner.

Whatever is not plain gives NULL, -1 or False; nothing is refused here.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.string cimport memchr, memcmp, memcpy

from processors.fields import LONGEST_ID
from processors.times import LONGEST_DURATION_SECONDS, SECOND_US

cdef us_t _SECOND_US = SECOND_US
cdef us_t _LONGEST_S = LONGEST_DURATION_SECONDS
cdef us_t _LONGEST_US = LONGEST_DURATION_SECONDS * SECOND_US
cdef Py_ssize_t _LONGEST_ID = LONGEST_ID
cdef int _MOST_DIGITS = 15

# Bytes that stand for themselves in a text.
cdef unsigned char[256] _is_plain
cdef int _byte
for _byte in range(256):
    _is_plain[_byte] = 0x20 <= _byte < 0x7F and _byte not in b'"\\'

cdef int[12] _DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
cdef int[12] _DAYS_IN = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


# Where a value ends

cdef text_t past_text(text_t at, text_t end) noexcept nogil:
    """The closing quote of the text that begins here; NULL where it holds anything but plain bytes, or has none."""
    # The end is looked at once, not for each byte: whatever follows a record lies in a bytes object, and those end with
    # a zero, which is not plain.
    while _is_plain[at[0]]:
        at += 1
    return at if at < end and at[0] == c'"' else NULL


cdef text_t past_value(text_t at, text_t end, Value* value) noexcept nogil:
    """What follows the text, number, true, false or null that begins here; NULL where nothing of them does."""
    value.at = at
    if end - at < 2:  # at least a digit and the brace
        return NULL
    if at[0] == c'"':
        value.kind = TEXT
        value.at = at + 1
        at = past_text(at + 1, end)
        if at == NULL:
            return NULL
        value.size = at - value.at
        return at + 1
    if c"0" <= at[0] <= c"9":
        value.kind = NUMBER
        at = _past_number(at, end)
        if at != NULL:
            value.size = at - value.at
        return at
    if end - at > 4 and memcmp(at, b"null", 4) == 0:
        # As if it were absent; a second one would be let through then, which is the same again.
        value.kind = ABSENT
        return at + 4
    if end - at > 4 and memcmp(at, b"true", 4) == 0:
        value.kind = TRUE
        return at + 4
    if end - at > 5 and memcmp(at, b"false", 5) == 0:
        value.kind = FALSE
        return at + 5
    return NULL


cdef text_t _past_number(text_t at, text_t end) noexcept nogil:
    """What follows a number without sign or exponent; NULL where it is none, such as 01 or 1."""
    cdef text_t first = at
    while at < end and c"0" <= at[0] <= c"9":
        at += 1
    if at - first > 1 and first[0] == c"0":
        return NULL
    if at < end and at[0] == c".":
        at += 1
        first = at
        while at < end and c"0" <= at[0] <= c"9":
            at += 1
        if at == first:
            return NULL
    if at < end and (at[0] == c"e" or at[0] == c"E"):
        return NULL
    return at


# What it says

cdef bint is_id(Value* value) noexcept nogil:
    if value.kind != TEXT or not 0 < value.size <= _LONGEST_ID or memchr(value.at, c"|", value.size) != NULL:
        return False
    return value.at[0] != c" " and value.at[value.size - 1] != c" "


cdef bint is_id_or_absent(Value* value) noexcept nogil:
    return value.kind == ABSENT or is_id(value)


cdef us_t whole(Value* value) noexcept nogil:
    """A whole number without a sign, -1 for anything else."""
    cdef us_t number = 0
    cdef Py_ssize_t place
    if value.kind != NUMBER or value.size > _MOST_DIGITS:
        return -1
    for place in range(value.size):
        if value.at[place] == c".":
            return -1
        number = 10 * number + value.at[place] - c"0"
    return number


cdef us_t duration_us(Value* value) noexcept nogil:
    """Decimal seconds as microseconds; -1 for what is finer, longer or no number."""
    cdef us_t us = 0, unit = _SECOND_US
    cdef Py_ssize_t place
    if value.kind != NUMBER or value.size > _MOST_DIGITS:
        return -1
    for place in range(value.size):
        if value.at[place] == c".":
            us *= unit
            unit //= 10
        elif unit == _SECOND_US:
            us = 10 * us + value.at[place] - c"0"
            if us > _LONGEST_S:  # before it is multiplied, which would overflow
                return -1
        elif unit == 0:
            return -1
        else:
            us += (value.at[place] - c"0") * unit
            unit //= 10
    if unit == _SECOND_US:
        us *= unit
    return us if us <= _LONGEST_US else -1


cdef int _two(text_t at) noexcept nogil:
    """Two digits; far below 0 where they are none."""
    cdef unsigned int tens = at[0] - c"0", ones = at[1] - c"0"
    return 10 * tens + ones if tens < 10 and ones < 10 else -10_000


cdef us_t time_us(Value* value) noexcept nogil:
    """An RFC 3339 time in capitals with an offset; -1 for anything else, and for the years before 1973."""
    cdef text_t at = value.at
    if value.kind != TEXT or value.size < 20:
        return -1
    if at[4] != c"-" or at[7] != c"-" or at[10] != c"T" or at[13] != c":" or at[16] != c":":
        return -1
    cdef int year = 100 * _two(at) + _two(at + 2), month = _two(at + 5), day = _two(at + 8)
    cdef int hour = _two(at + 11), minute = _two(at + 14), second = _two(at + 17)
    if not (1973 <= year < 2200 and 1 <= month <= 12 and 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return -1
    cdef bint leaps = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _DAYS_IN[month - 1] + (leaps and month == 2):
        return -1
    cdef us_t days = 365 * (year - 1970) + (year - 1969) // 4 - (year - 1901) // 100 + (year - 1601) // 400
    days += _DAYS_BEFORE[month - 1] + (leaps and month > 2) + day - 1
    cdef us_t us = (((days * 24 + hour) * 60 + minute) * 60 + second) * _SECOND_US
    return _with_rest(us, at + 19, at + value.size)


cdef us_t _with_rest(us_t us, text_t at, text_t end) noexcept nogil:
    """A time's fraction and offset after its seconds, ``.120+01:00``; -1 where they are none."""
    cdef us_t unit = _SECOND_US // 10, offset_us
    if at[0] == c".":
        at += 1
        if at == end or not c"0" <= at[0] <= c"9":
            return -1
        while at < end and c"0" <= at[0] <= c"9":
            if unit == 0:
                return -1
            us += (at[0] - c"0") * unit
            unit //= 10
            at += 1
    if end - at == 1:
        return us if at[0] == c"Z" else -1
    if end - at != 6 or at[3] != c":":
        return -1
    cdef int hours = _two(at + 1), minutes = _two(at + 4)
    if not (0 <= hours < 24 and 0 <= minutes < 60):
        return -1
    offset_us = (hours * 60 + minutes) * 60 * _SECOND_US
    return us - offset_us if at[0] == c"+" else us + offset_us if at[0] == c"-" else -1


cdef bint is_word(Value* value, bytes word) noexcept:
    return (
        value.kind == TEXT
        and value.size == PyBytes_GET_SIZE(word)
        and memcmp(value.at, PyBytes_AS_STRING(word), value.size) == 0
    )


cdef us_t time_or_none(Value* value) noexcept nogil:
    """The same of a time that may be absent, which gives NONE; NOT_PLAIN for anything else."""
    if value.kind == ABSENT:
        return NONE
    cdef us_t us = time_us(value)
    return us if us >= 0 else NOT_PLAIN


cdef us_t duration_or_none(Value* value) noexcept nogil:
    """The same of a duration that may be absent, which gives NONE; NOT_PLAIN for anything else."""
    if value.kind == ABSENT:
        return NONE
    cdef us_t us = duration_us(value)
    return us if us >= 0 else NOT_PLAIN


cdef object bytes_of(Value* value):
    return PyBytes_FromStringAndSize(<const char*>value.at, value.size)


cdef object text_of(Value* value):
    return PyUnicode_DecodeASCII(<const char*>value.at, value.size, NULL)


cdef object text_or_none(Value* value):
    return None if value.kind == ABSENT else text_of(value)


# A statement's rest, as msgspec packs it

cdef void begin(Rest* rest, unsigned char* buffer) noexcept nogil:
    """An empty one, with a byte left free for its head."""
    rest.at = rest.last = buffer + 1
    rest.count = rest.kept = 0


cdef void _kept(Rest* rest) noexcept nogil:
    rest.last = rest.at
    rest.kept = rest.count


cdef void pack_number(Rest* rest, us_t number) noexcept nogil:
    """A number of at least 0, nil for NONE."""
    cdef int size, place
    rest.count += 1
    if number < 0:
        rest.at[0] = 0xC0
        rest.at += 1
        return
    if number < 128:
        rest.at[0] = number
        rest.at += 1
    else:
        size = 1 if number < 1 << 8 else 2 if number < 1 << 16 else 4 if number < <us_t>1 << 32 else 8
        rest.at[0] = 0xCC if size == 1 else 0xCD if size == 2 else 0xCE if size == 4 else 0xCF
        for place in range(size):
            rest.at[1 + place] = (number >> 8 * (size - 1 - place)) & 0xFF
        rest.at += 1 + size
    _kept(rest)


cdef void pack_text(Rest* rest, Value* value) noexcept nogil:
    """A text of at most 128 bytes, nil where it is absent."""
    rest.count += 1
    if value.kind == ABSENT:
        rest.at[0] = 0xC0
        rest.at += 1
        return
    if value.size < 32:
        rest.at[0] = 0xA0 | value.size
        rest.at += 1
    else:
        rest.at[0] = 0xD9
        rest.at[1] = value.size
        rest.at += 2
    memcpy(rest.at, value.at, value.size)
    rest.at += value.size
    _kept(rest)


cdef object packed(unsigned char* buffer, Rest* rest):
    """The bytes of a rest that began in this buffer; absent values at its end are left out."""
    if not rest.kept:
        return b""
    buffer[0] = 0x90 | rest.kept
    return PyBytes_FromStringAndSize(<const char*>buffer, rest.last - buffer)
