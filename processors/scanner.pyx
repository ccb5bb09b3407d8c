# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""From a plain record's bytes straight to its statement, compiled.

Plain is what nearly all calls and conversations are: one flat JSON object of printable ASCII without a backslash, no
field twice, every value well in range. Of any other record nothing is said (None), and the reader goes its other ways,
which say the same of plain ones (a law in the tests). So nothing is refused here, and what is hard is left to them.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.string cimport memcmp, memcpy, memset

from processors.json_values cimport (
    ABSENT, FALSE, NONE, NOT_PLAIN, NUMBER, Rest, TEXT, TRUE, begin, bytes_of, duration_or_none, is_id,
    is_id_or_absent, is_word, pack_number, pack_text, packed, past_blanks, past_text, past_value, text_of,
    text_or_none, time_or_none, time_us, whole,
)
from processors.interning cimport Interned
from processors.statements cimport offset_of

from processors.building import LATE_US
from processors.fields import GREATEST_ATTEMPT, GREATEST_KEY, GREATEST_VALUE, GREATEST_VERSION, check_zone
from processors.interning import talks, times
from processors import statements as _statements
from processors.statements import CallStatement as _Call
from processors.statements import ConversationStatement as _Conversation
from processors.statements import Statement as _Common
from processors.times import DAY_US

# By their module: fields have some of these names.
cdef int _ANSWERED = _statements.ANSWERED, _ABANDONED = _statements.ABANDONED, _INBOUND = _statements.INBOUND
cdef us_t _DAY_US = DAY_US
cdef us_t _LATE_US = LATE_US
_LATEST_US = 1 << 62
cdef us_t _LATEST_MS = _LATEST_US // 1000
cdef us_t _GREATEST_VERSION = GREATEST_VERSION
cdef us_t _GREATEST_ATTEMPT = GREATEST_ATTEMPT
cdef Py_ssize_t _MOST_KNOWN = 100_000
cdef Py_ssize_t _GREATEST_KEY = GREATEST_KEY
cdef Py_ssize_t _GREATEST_VALUE = GREATEST_VALUE
# Places looked up have four ids and their bars, a packed rest three numbers and three texts.
cdef enum:
    BUFFER = 1024 + 8

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

_OUTCOMES = {word.encode(): word for word in ("refused", "warm_lead", "callback", "appointment", "unclassified")}
_HORIZONS = {word.encode(): word for word in ("short", "medium", "long")}


def _insist_on_layout():
    """Statements must lie in memory as the compiled modules read them, or nothing that they say could be trusted."""
    for kind in (_Call, _Conversation):
        own = sorted(set(kind.__struct_fields__) - set(_Common.__struct_fields__))
        names = [*sorted(_Common.__struct_fields__), *own]
        offsets = [offset_of(getattr(kind, name)) for name in names]
        if offsets != [sizeof(PyObject) + place * sizeof(void*) for place in range(len(names))]:
            raise RuntimeError("this msgspec lays statements out otherwise: install the locked one, and report it")


_insist_on_layout()


cdef inline bint _add_id(unsigned char** at, Value* value) noexcept nogil:
    """Adds an id, or nothing where it is absent, and a bar to a key; False where it is no id."""
    if not is_id_or_absent(value):
        return False
    if value.kind != ABSENT:
        memcpy(at[0], value.at, value.size)
        at[0] += value.size
    at[0][0] = c"|"
    at[0] += 1
    return True


cdef inline us_t _mixed(text_t at, Py_ssize_t size) noexcept:
    """A number that tells most texts apart, from eight bytes at a time; reads up to seven beyond the end."""
    cdef unsigned long long mixed = size, eight
    cdef Py_ssize_t place
    for place in range(0, size, 8):
        memcpy(&eight, at + place, 8)
        mixed = (mixed ^ eight) * 0x9E3779B97F4A7C15ULL
        mixed ^= mixed >> 32
    return <us_t>mixed


cdef class _Place:
    """A place by its key, and the hour of its clock that was asked for last."""

    def __init__(self, bytes key, place):
        self.key = key
        self.owner, self.part, self.clock = place.owner, place.part, place.clock
        self.start_us = self.end_us = 0

    cdef int see(self, us_t at_us) except -1:
        """Makes the hour the one that holds the instant."""
        if not self.start_us <= at_us < self.end_us:
            hour = self.clock.hour(at_us)
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
        self._times, self._talks = times(), talks()
        self.ended_us = 0

    cpdef object scan(self, int kind, key, value, record_us):
        """The statement of a record of the topic of calls (kind 0) or conversations (1); None where it is not plain."""
        if type(value) is not bytes or not 0 <= record_us < _LATEST_US:
            return None
        key_size = -1 if key is None else len(key)
        return self._read(kind, key_size, <text_t>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), record_us)

    cdef object scan_bytes(self, int kind, Py_ssize_t key_size, text_t value, Py_ssize_t size, us_t record_ms):
        """The same of a record that lies somewhere in memory, sizes -1 for what it does not have."""
        if not 0 <= record_ms < _LATEST_MS:
            return None
        return self._read(kind, key_size, value, size, record_ms * 1000)

    cdef object _read(self, int kind, Py_ssize_t key_size, text_t value, Py_ssize_t size, us_t record_us):
        if not 0 <= kind <= 1 or key_size > _GREATEST_KEY or not 0 <= size <= _GREATEST_VALUE:
            return None
        if not self._scan(value, size):
            return None
        return self._call(record_us) if kind == 0 else self._conversation(record_us)

    cdef object _call(self, us_t record_us):
        cdef Value* values = self._values
        cdef us_t answered_us = time_or_none(&values[ANSWERED_AT]), ended_us = time_or_none(&values[ENDED_AT])
        cdef us_t attempt = NONE, latest_us
        cdef bint abandoned, inbound
        cdef _Place place = self._frame(&values[STARTED_AT], record_us)
        if place is None or not self._is_zone():
            return None
        cdef us_t started_us = self._at_us, talk_us = self._talk_us
        if answered_us == NOT_PLAIN or answered_us != NONE and answered_us < started_us:
            return None
        latest_us = started_us if answered_us == NONE else answered_us
        if ended_us == NOT_PLAIN or ended_us != NONE and ended_us < latest_us:
            return None
        if values[ATTEMPT].kind:
            attempt = whole(&values[ATTEMPT])
            if not 1 <= attempt <= _GREATEST_ATTEMPT:
                return None
        abandoned = values[ABANDONED].kind == TRUE
        if values[ABANDONED].kind == TEXT or values[ABANDONED].kind == NUMBER:
            return None
        answered_by = None
        if values[ANSWERED_BY].kind:
            if is_word(&values[ANSWERED_BY], b"unknown"):
                answered_by = "unknown"
            elif is_word(&values[ANSWERED_BY], b"human"):
                answered_by = "human"
            elif is_word(&values[ANSWERED_BY], b"machine") and not abandoned:
                answered_by = "machine"
            else:
                return None
        inbound = False
        if values[DIRECTION].kind:
            inbound = is_word(&values[DIRECTION], b"inbound")
            if not inbound and not is_word(&values[DIRECTION], b"outbound"):
                return None
        cdef unsigned char[BUFFER] buffer
        cdef Rest rest
        begin(&rest, buffer)
        pack_number(&rest, NONE if answered_us == NONE else answered_us - started_us)
        pack_number(&rest, NONE if ended_us == NONE else ended_us - started_us)
        pack_text(&rest, &values[LEAD_ID])
        pack_number(&rest, attempt)
        pack_text(&rest, &values[ZONE])
        pack_text(&rest, &values[SCRIPT_ID])
        self.ended_us = latest_us + max(talk_us, 0) if ended_us == NONE else ended_us
        return _Call(
            place.owner, place.hour_us, text_of(&values[CALL_ID]), self._version, False, place.part,
            self._times.one(started_us),
            _ANSWERED * (answered_us != NONE) + _ABANDONED * abandoned + _INBOUND * inbound, answered_by,
            None if talk_us == NONE else self._talks.one(talk_us), packed(buffer, &rest),
        )

    cdef object _conversation(self, us_t record_us):
        cdef Value* values = self._values
        cdef us_t callback_us = time_or_none(&values[CALLBACK_AT])
        cdef _Place place = self._frame(&values[CALL_STARTED_AT], record_us)
        if place is None or values[OPERATOR_ID].kind == ABSENT or callback_us == NOT_PLAIN:
            return None
        cdef us_t started_us = self._at_us, talk_us = self._talk_us
        outcome = _word(_OUTCOMES, &values[OUTCOME])
        if outcome is None:
            return None
        horizon = None
        if values[WARM_HORIZON].kind:
            horizon = _word(_HORIZONS, &values[WARM_HORIZON])
            if horizon is None or not is_word(&values[OUTCOME], b"warm_lead"):
                return None
        if values[SOURCE_CODE].kind and not (values[SOURCE_CODE].kind == TEXT and values[SOURCE_CODE].size <= 128):
            return None
        cdef unsigned char[BUFFER] buffer
        cdef Rest rest
        begin(&rest, buffer)
        pack_number(&rest, callback_us)
        pack_text(&rest, &values[LEAD_ID])
        pack_text(&rest, &values[SOURCE_CODE])
        pack_text(&rest, &values[SCRIPT_ID])
        self.ended_us = started_us + max(talk_us, 0)
        return _Conversation(
            place.owner, place.hour_us, text_of(&values[CALL_ID]), self._version, False, place.part,
            self._times.one(started_us),
            outcome, horizon, None if talk_us == NONE else self._talks.one(talk_us), packed(buffer, &rest),
        )

    cdef bint _is_zone(self) except -1:
        """The prospect's zone is one that IANA names, or absent."""
        cdef Value* value = &self._values[ZONE]
        if value.kind == ABSENT:
            return True
        if not is_id(value):
            return False
        name = bytes_of(value)
        if name not in self._zones:
            zone = text_of(value)
            try:
                if check_zone(zone) != zone:
                    return False
            except ValueError:
                return False
            self._zones.add(name)
        return True

    cdef _Place _frame(self, Value* at, us_t record_us):
        """Where the fact of this time belongs, with its hour; None unless what calls and conversations share is plain.

        Leaves its time, version and talk in ``_at_us``, ``_version`` and ``_talk_us``.
        """
        cdef Value* values = self._values
        cdef us_t at_us = time_us(at), stated_us = time_or_none(&values[STATED_AT])
        self._at_us = at_us
        self._version = whole(&values[VERSION]) if values[VERSION].kind else 0
        self._talk_us = duration_or_none(&values[TALK_SECONDS])
        if at_us < 0 or stated_us == NOT_PLAIN or self._talk_us == NOT_PLAIN:
            return None
        if not 0 <= self._version <= _GREATEST_VERSION or values[VOIDED].kind not in (ABSENT, FALSE):
            return None
        if not is_id(&values[CALL_ID]) or not is_id(&values[CAMPAIGN_ID]):
            return None
        if not is_id_or_absent(&values[LEAD_ID]) or not is_id_or_absent(&values[SCRIPT_ID]):
            return None
        if stated_us == NONE:
            stated_us = record_us
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
        cdef Py_ssize_t size = at - buffer
        memset(at, 0, 8)
        cdef place_t* near = &self._near[_mixed(buffer, size) & (NEAR - 1)]
        cdef _Place place
        if near[0] != NULL:
            place = <_Place>near[0]
            if PyBytes_GET_SIZE(place.key) == size and memcmp(PyBytes_AS_STRING(place.key), buffer, size) == 0:
                return place
        key = PyBytes_FromStringAndSize(<const char*>buffer, size)
        place = self._places.get(key)
        if place is None:
            place = self._new_place(key)
        near[0] = <place_t>place if place is not None else NULL
        return place

    cdef _Place _new_place(self, bytes key):
        values = [text_or_none(&self._values[field]) for field in (OPERATOR_ID, SITE_ID, TEAM_ID, CAMPAIGN_ID)]
        try:
            place = self._place(tuple(values))
        except ValueError:
            return None
        if len(self._places) >= _MOST_KNOWN:
            self._places.clear()
            memset(self._near, 0, sizeof(self._near))
        found = self._places[key] = _Place(key, place)
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
        at = past_blanks(at, end)
        if at == end or at[0] != c"{":
            return False
        while True:
            at = past_blanks(at + 1, end)
            if at == end or at[0] != c'"':
                return False
            name = at + 1
            field = self._expected(name, end, position)
            if field >= 0:
                at = name + _name_size[field]
            else:
                at = past_text(name, end)
                if at == NULL:
                    return False
                field = self._field(name, at - name, position)
            value = &unknown if field < 0 else &self._values[field]
            if field >= 0 and value.kind != ABSENT:
                return False
            at = past_blanks(at + 1, end)
            if at == end or at[0] != c":":
                return False
            at = past_value(past_blanks(at + 1, end), end, value)
            if at == NULL:
                return False
            at = past_blanks(at, end)
            if at == end:
                return False
            if at[0] == c"}":
                return past_blanks(at + 1, end) == end
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


cdef object _word(dict words, Value* value):
    """The word of the contract that a text is, as the one object that all facts share; None where it is none."""
    return words.get(bytes_of(value)) if value.kind == TEXT else None
