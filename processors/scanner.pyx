# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""From a plain record's bytes straight to its statement, compiled.

Plain is what nearly all calls and conversations are: one flat JSON object of printable ASCII without a backslash, no
field twice, every value well in range. Of any other record nothing is said (None), and the reader goes its other ways,
which say the same of plain ones (a law in the tests). So nothing is refused here, and what is hard is left to them.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.string cimport memchr, memcmp, memcpy

from processors.statements cimport CallStatement, ConversationStatement, Statement

from processors.building import LATE_US
from processors.fields import GREATEST_ATTEMPT, GREATEST_KEY, GREATEST_VALUE, GREATEST_VERSION, LONGEST_ID, check_zone
from processors.statements import CallStatement as _Call
from processors.statements import ConversationStatement as _Conversation
from processors.times import DAY_US, LONGEST_DURATION_SECONDS, SECOND_US

cdef us_t _DAY_US = DAY_US
cdef us_t _LATE_US = LATE_US
cdef us_t _SECOND_US = SECOND_US
cdef us_t _LONGEST_US = LONGEST_DURATION_SECONDS * SECOND_US
cdef us_t _GREATEST_VERSION = GREATEST_VERSION
cdef us_t _GREATEST_ATTEMPT = GREATEST_ATTEMPT
cdef Py_ssize_t _LONGEST_ID = LONGEST_ID
cdef Py_ssize_t _MOST_KNOWN = 100_000
cdef Py_ssize_t _GREATEST_KEY = GREATEST_KEY
cdef Py_ssize_t _GREATEST_VALUE = GREATEST_VALUE
cdef int _MOST_DIGITS = 15
# Places looked up have four ids and their bars, a packed rest three numbers and three texts.
DEF BUFFER = 1024

_NAMES = (
    b"call_id", b"started_at", b"campaign_id", b"operator_id", b"team_id", b"site_id", b"ended_at", b"answered_at",
    b"answered_by", b"talk_seconds", b"lead_id", b"version", b"call_started_at", b"outcome", b"script_id", b"attempt",
    b"direction", b"prospect_time_zone", b"abandoned", b"warm_horizon", b"callback_at", b"source_code", b"voided",
    b"stated_at",
)
cdef text_t[FIELDS] _name
cdef Py_ssize_t[FIELDS] _name_size
cdef int _place
for _place in range(FIELDS):
    _name[_place] = <text_t>PyBytes_AS_STRING(_NAMES[_place])
    _name_size[_place] = PyBytes_GET_SIZE(_NAMES[_place])

# Bytes that stand for themselves in a text.
cdef unsigned char[256] _is_plain
for _place in range(256):
    _is_plain[_place] = 0x20 <= _place < 0x7F and _place not in b'"\\'

_OUTCOMES = {word.encode(): word for word in ("refused", "warm_lead", "callback", "appointment", "unclassified")}
_HORIZONS = {word.encode(): word for word in ("short", "medium", "long")}

cdef int[12] _DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
cdef int[12] _DAYS_IN = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]



def _insist_on_layout():
    """Statements must lie in memory as the compiled modules read them, or nothing that they say could be trusted."""
    cdef Statement read
    cdef CallStatement call
    cdef ConversationStatement conversation
    for kind in (_Call, _Conversation):
        fields = {name: object() for name in kind.__struct_fields__}
        made = kind(**fields)
        read = made
        found = {"at_us": read.at_us, "hour_us": read.hour_us, "id": read.id, "owner": read.owner, "part": read.part}
        found |= {"version": read.version, "voided": read.voided}
        if kind is _Call:
            call = made
            found |= {"abandoned": call.abandoned, "answered": call.answered, "answered_by": call.answered_by}
            found |= {"inbound": call.inbound, "rest": call.rest, "talk_us": call.talk_us}
        else:
            conversation = made
            found |= {"outcome": conversation.outcome, "rest": conversation.rest, "talk_us": conversation.talk_us}
            found |= {"warm_horizon": conversation.warm_horizon}
        if found != fields:
            raise RuntimeError("msgspec lays statements out otherwise: run python scripts/compile.py --off, and report it")


_insist_on_layout()


# Values

cdef inline bint _is_id(Value* value) noexcept nogil:
    if value.kind != TEXT or not 0 < value.size <= _LONGEST_ID or memchr(value.at, c"|", value.size) != NULL:
        return False
    return value.at[0] != c" " and value.at[value.size - 1] != c" "


cdef inline bint _is_id_or_absent(Value* value) noexcept nogil:
    return value.kind == ABSENT or _is_id(value)


cdef us_t _whole(Value* value) noexcept nogil:
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


cdef us_t _duration(Value* value) noexcept nogil:
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
        elif unit == 0:
            return -1
        else:
            us += (value.at[place] - c"0") * unit
            unit //= 10
    if unit == _SECOND_US:
        us *= unit
    return us if us <= _LONGEST_US else -1


cdef inline int _two(text_t at) noexcept nogil:
    """Two digits; far below 0 where they are none."""
    cdef unsigned int tens = at[0] - c"0", ones = at[1] - c"0"
    return 10 * tens + ones if tens < 10 and ones < 10 else -10_000


cdef us_t _time(Value* value) noexcept nogil:
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


cdef inline bint _add_id(unsigned char** at, Value* value) noexcept nogil:
    """Adds an id, or nothing where it is absent, and a bar to a key; False where it is no id."""
    if not _is_id_or_absent(value):
        return False
    if value.kind != ABSENT:
        memcpy(at[0], value.at, value.size)
        at[0] += value.size
    at[0][0] = c"|"
    at[0] += 1
    return True


cdef object _bytes(Value* value):
    return PyBytes_FromStringAndSize(<const char*>value.at, value.size)


cdef object _text(Value* value):
    return PyUnicode_DecodeASCII(<const char*>value.at, value.size, NULL)


cdef object _text_or_none(Value* value):
    return None if value.kind == ABSENT else _text(value)


# A statement's rest, as msgspec packs it

cdef struct Rest:
    unsigned char* at
    unsigned char* last  # after the last one that is not absent
    int count
    int kept


cdef inline void _begin(Rest* rest, unsigned char* buffer) noexcept nogil:
    """An empty one, with a byte left free for its head."""
    rest.at = rest.last = buffer + 1
    rest.count = rest.kept = 0


cdef inline void _kept(Rest* rest) noexcept nogil:
    rest.last = rest.at
    rest.kept = rest.count


cdef void _pack_number(Rest* rest, us_t number) noexcept nogil:
    """A number of at least 0, nil for -1."""
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


cdef void _pack_text(Rest* rest, Value* value) noexcept nogil:
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


cdef class _Place:
    """A place, and the hour of its clock that was asked for last."""

    def __init__(self, place):
        self.owner, self.part, self.hour = place.owner, place.part, place.clock.hour
        self.start_us = self.end_us = 0

    cdef int see(self, us_t at_us) except -1:
        """Makes the hour the one that holds the instant."""
        if not self.start_us <= at_us < self.end_us:
            hour = self.hour(at_us)
            self.hour_us, self.start_us, self.end_us = hour.start_us, hour.start_us, hour.end_us
        return 0


cdef class Scanner:
    """Scans records of the topics of calls and conversations.

    ``place`` gives the Place of (operator_id, site_id, team_id, campaign_id); it raises ValueError where an id is none.
    """

    def __init__(self, place):
        self._place = place
        self._places = {}
        self._zones = set()
        self.ended_us = 0

    cpdef object scan(self, int kind, key, value, us_t record_us):
        """The statement of a record of the topic of calls (kind 0) or conversations (1); None where it is not plain."""
        if not 0 <= kind <= 1:
            return None
        if key is not None and len(key) > _GREATEST_KEY or type(value) is not bytes:
            return None
        if PyBytes_GET_SIZE(value) > _GREATEST_VALUE:
            return None
        if not self._scan(<text_t>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)):
            return None
        return self._call(record_us) if kind == 0 else self._conversation(record_us)

    cdef object _call(self, us_t record_us):
        cdef Value* values = self._values
        cdef us_t started_us, latest_us, answered_us = -1, ended_us = -1, talk_us = -1, attempt = -1
        cdef bint abandoned, inbound
        started_us = latest_us = _time(&values[STARTED_AT])
        if started_us < 0 or not _is_id(&values[CALL_ID]) or not _is_id(&values[CAMPAIGN_ID]):
            return None
        if values[ANSWERED_AT].kind:
            answered_us = _time(&values[ANSWERED_AT])
            if answered_us < started_us:
                return None
            latest_us = answered_us
        if values[ENDED_AT].kind:
            ended_us = _time(&values[ENDED_AT])
            if ended_us < latest_us:
                return None
        if values[TALK_SECONDS].kind:
            talk_us = _duration(&values[TALK_SECONDS])
            if talk_us < 0:
                return None
        if values[ATTEMPT].kind:
            attempt = _whole(&values[ATTEMPT])
            if not 1 <= attempt <= _GREATEST_ATTEMPT:
                return None
        abandoned = values[ABANDONED].kind == TRUE
        if values[ABANDONED].kind == TEXT or values[ABANDONED].kind == NUMBER:
            return None
        answered_by = None
        if values[ANSWERED_BY].kind:
            if _is(&values[ANSWERED_BY], b"unknown"):
                answered_by = "unknown"
            elif _is(&values[ANSWERED_BY], b"human"):
                answered_by = "human"
            elif _is(&values[ANSWERED_BY], b"machine") and not abandoned:
                answered_by = "machine"
            else:
                return None
        inbound = False
        if values[DIRECTION].kind:
            inbound = _is(&values[DIRECTION], b"inbound")
            if not inbound and not _is(&values[DIRECTION], b"outbound"):
                return None
        if not (_is_id_or_absent(&values[LEAD_ID]) and _is_id_or_absent(&values[SCRIPT_ID]) and self._is_zone()):
            return None
        cdef us_t version = self._version()
        cdef _Place place = self._frame(version, started_us, record_us)
        if place is None:
            return None
        cdef unsigned char[BUFFER] buffer
        cdef Rest rest
        _begin(&rest, buffer)
        _pack_number(&rest, answered_us - started_us if answered_us >= 0 else -1)
        _pack_number(&rest, ended_us - started_us if ended_us >= 0 else -1)
        _pack_text(&rest, &values[LEAD_ID])
        _pack_number(&rest, attempt)
        _pack_text(&rest, &values[ZONE])
        _pack_text(&rest, &values[SCRIPT_ID])
        self.ended_us = ended_us if ended_us >= 0 else latest_us + (talk_us if talk_us > 0 else 0)
        return _Call(
            place.owner, place.hour_us, _text(&values[CALL_ID]), version, False, place.part, started_us,
            answered_us >= 0, answered_by, abandoned, inbound, None if talk_us < 0 else talk_us,
            _packed(buffer, &rest),
        )

    cdef object _conversation(self, us_t record_us):
        cdef Value* values = self._values
        cdef us_t started_us, talk_us = -1, callback_us = -1
        started_us = _time(&values[CALL_STARTED_AT])
        if started_us < 0 or not _is_id(&values[CALL_ID]) or not _is_id(&values[CAMPAIGN_ID]):
            return None
        if not _is_id(&values[OPERATOR_ID]):
            return None
        outcome = _word(_OUTCOMES, &values[OUTCOME])
        if outcome is None:
            return None
        horizon = None
        if values[WARM_HORIZON].kind:
            horizon = _word(_HORIZONS, &values[WARM_HORIZON])
            if horizon is None or not _is(&values[OUTCOME], b"warm_lead"):
                return None
        if values[TALK_SECONDS].kind:
            talk_us = _duration(&values[TALK_SECONDS])
            if talk_us < 0:
                return None
        if values[CALLBACK_AT].kind:
            callback_us = _time(&values[CALLBACK_AT])
            if callback_us < 0:
                return None
        if not (_is_id_or_absent(&values[LEAD_ID]) and _is_id_or_absent(&values[SCRIPT_ID])):
            return None
        if values[SOURCE_CODE].kind and not (values[SOURCE_CODE].kind == TEXT and values[SOURCE_CODE].size <= 128):
            return None
        cdef us_t version = self._version()
        cdef _Place place = self._frame(version, started_us, record_us)
        if place is None:
            return None
        cdef unsigned char[BUFFER] buffer
        cdef Rest rest
        _begin(&rest, buffer)
        _pack_number(&rest, callback_us)
        _pack_text(&rest, &values[LEAD_ID])
        _pack_text(&rest, &values[SOURCE_CODE])
        _pack_text(&rest, &values[SCRIPT_ID])
        self.ended_us = started_us + (talk_us if talk_us > 0 else 0)
        return _Conversation(
            place.owner, place.hour_us, _text(&values[CALL_ID]), version, False, place.part, started_us,
            outcome, horizon, None if talk_us < 0 else talk_us, _packed(buffer, &rest),
        )

    cdef us_t _version(self) noexcept:
        return _whole(&self._values[VERSION]) if self._values[VERSION].kind else 0

    cdef bint _is_zone(self) except -1:
        """The prospect's zone is one that IANA names, or absent."""
        cdef Value* value = &self._values[ZONE]
        if value.kind == ABSENT:
            return True
        if not _is_id(value):
            return False
        name = _bytes(value)
        if name not in self._zones:
            try:
                if check_zone(_text(value)) != _text(value):
                    return False
            except ValueError:
                return False
            self._zones.add(name)
        return True

    cdef _Place _frame(self, us_t version, us_t at_us, us_t record_us):
        """Where the fact belongs, with its hour; None unless all that facts have in common is as it should be."""
        cdef Value* values = self._values
        cdef us_t stated_us = record_us
        if not 0 <= version <= _GREATEST_VERSION or values[VOIDED].kind not in (ABSENT, FALSE):
            return None
        if values[STATED_AT].kind:
            stated_us = _time(&values[STATED_AT])
            if stated_us < 0:
                return None
        cdef _Place place = self._where()
        if place is None:
            return None
        place.see(at_us)
        if stated_us > record_us + _DAY_US or at_us > stated_us + _DAY_US or place.end_us + _LATE_US < stated_us:
            return None
        return place

    cdef _Place _where(self):
        cdef unsigned char[BUFFER] buffer
        cdef unsigned char* at = buffer
        cdef Value* values = self._values
        if not (
            _add_id(&at, &values[OPERATOR_ID]) and _add_id(&at, &values[SITE_ID]) and _add_id(&at, &values[TEAM_ID])
            and _add_id(&at, &values[CAMPAIGN_ID])
        ):
            return None
        key = PyBytes_FromStringAndSize(<const char*>buffer, at - buffer)
        found = self._places.get(key)
        return <_Place>found if found is not None else self._new_place(key)

    cdef _Place _new_place(self, bytes key):
        values = [_text_or_none(&self._values[field]) for field in (OPERATOR_ID, SITE_ID, TEAM_ID, CAMPAIGN_ID)]
        try:
            place = self._place(tuple(values))
        except ValueError:
            return None
        if len(self._places) >= _MOST_KNOWN:
            self._places.clear()
        found = self._places[key] = _Place(place)
        return found

    # The object

    cdef bint _scan(self, text_t at, Py_ssize_t size) noexcept:
        """Finds the values of one flat object; False where it is not plain JSON."""
        cdef text_t end = at + size
        cdef text_t name
        cdef int position = 0, field
        cdef Value unknown
        cdef Value* value
        for field in range(FIELDS):
            self._values[field].kind = ABSENT
        at = _past_blanks(at, end)
        if at == end or at[0] != c"{":
            return False
        while True:
            at = _past_blanks(at + 1, end)
            if at == end or at[0] != c'"':
                return False
            name = at + 1
            field = self._expected(name, end, position)
            if field >= 0:
                at = name + _name_size[field]
            else:
                at = _past_text(name)
                if at == NULL:
                    return False
                field = self._field(name, at - name, position)
            value = &unknown if field < 0 else &self._values[field]
            if field >= 0 and value.kind != ABSENT:
                return False
            at = _past_blanks(at + 1, end)
            if at == end or at[0] != c":":
                return False
            at = _past_value(_past_blanks(at + 1, end), end, value)
            if at == NULL:
                return False
            at = _past_blanks(at, end)
            if at == end:
                return False
            if at[0] == c"}":
                return _past_blanks(at + 1, end) == end
            if at[0] != c",":
                return False
            position += 1

    cdef int _expected(self, text_t name, text_t end, int position) noexcept:
        """The field that stood here in the record before, if it does here too; else -1."""
        cdef int field = self._order[position] if position < FIELDS else 0
        cdef Py_ssize_t size = _name_size[field]
        return field if end - name > size and name[size] == c'"' and memcmp(_name[field], name, size) == 0 else -1

    cdef int _field(self, text_t name, Py_ssize_t size, int position) noexcept:
        """Which field has this name, -1 for none of ours."""
        cdef int field
        for field in range(FIELDS):
            if _name_size[field] == size and memcmp(_name[field], name, size) == 0:
                if position < FIELDS:
                    self._order[position] = field
                return field
        return -1


cdef inline text_t _past_blanks(text_t at, text_t end) noexcept nogil:
    while at < end and (at[0] == c" " or at[0] == c"\n" or at[0] == c"\r" or at[0] == c"\t"):
        at += 1
    return at


cdef inline text_t _past_text(text_t at) noexcept nogil:
    """The closing quote of the text that begins here; NULL where it holds anything but plain bytes."""
    # No look for the end: a record's bytes are followed by a zero, which is not plain.
    while _is_plain[at[0]]:
        at += 1
    return at if at[0] == c'"' else NULL


cdef text_t _past_value(text_t at, text_t end, Value* value) noexcept nogil:
    """What follows the text, number, true, false or null that begins here; NULL where nothing of them does."""
    value.at = at
    if end - at < 2:  # at least a digit and the brace
        return NULL
    if at[0] == c'"':
        value.kind = TEXT
        value.at = at + 1
        at = _past_text(at + 1)
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


cdef inline bint _is(Value* value, bytes word) noexcept:
    return (
        value.kind == TEXT
        and value.size == PyBytes_GET_SIZE(word)
        and memcmp(value.at, PyBytes_AS_STRING(word), value.size) == 0
    )


cdef object _word(dict words, Value* value):
    """The word of the contract that a text is, as the one object that all facts share; None where it is none."""
    return words.get(_bytes(value)) if value.kind == TEXT else None


cdef object _packed(unsigned char* buffer, Rest* rest):
    """The bytes of a rest that began in this buffer; absent values at its end are left out."""
    if not rest.kept:
        return b""
    buffer[0] = 0x90 | rest.kept
    return PyBytes_FromStringAndSize(<const char*>buffer, rest.last - buffer)
