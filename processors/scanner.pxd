"""What of the scanner other compiled modules see, and the forms of what it finds."""

from cpython.object cimport PyObject

from processors.interning cimport Interned
from processors.json_values cimport Value, text_t, us_t

ctypedef PyObject* place_t

# The fields that are looked for, by their places in a scan.
cdef enum:
    CALL_ID, STARTED_AT, CAMPAIGN_ID, OPERATOR_ID, TEAM_ID, SITE_ID, ENDED_AT, ANSWERED_AT, ANSWERED_BY, TALK_SECONDS
    LEAD_ID, VERSION, CALL_STARTED_AT, OUTCOME, SCRIPT_ID, ATTEMPT, DIRECTION, ZONE, ABANDONED, WARM_HORIZON
    CALLBACK_AT, SOURCE_CODE, VOIDED, STATED_AT, FIELDS
    # Places that are found by where their key's number points, without asking the dictionary: a power of two.
    NEAR = 1 << 15


cdef class Scanner:
    cdef object _place
    cdef dict _places
    cdef place_t[NEAR] _near
    cdef set _zones
    cdef Interned _times, _talks
    cdef int[FIELDS] _order
    cdef Value[FIELDS] _values
    cdef us_t _at_us, _version, _talk_us
    cdef readonly us_t ended_us
    cpdef object scan(self, int kind, key, value, record_us)
    cdef object scan_bytes(self, int kind, Py_ssize_t key_size, text_t value, Py_ssize_t size, us_t record_ms)
    cdef object _read(self, int kind, Py_ssize_t key_size, text_t value, Py_ssize_t size, us_t record_us)
    cdef object _call(self, us_t record_us)
    cdef object _conversation(self, us_t record_us)
    cdef bint _is_zone(self) except -1
    cdef _Place _frame(self, Value* at, us_t record_us)
    cdef _Place _where(self)
    cdef _Place _new_place(self, bytes key)
    cdef bint _scan(self, text_t at, Py_ssize_t size) noexcept
    cdef int _expected(self, text_t name, text_t end, int position) noexcept
    cdef int _field(self, text_t name, Py_ssize_t size, int position) noexcept


cdef class _Place:
    cdef bytes key
    cdef object owner, part, clock, hour_us
    cdef us_t start_us, end_us
    cdef int see(self, us_t at_us) except -1
