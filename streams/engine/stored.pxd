"""Records as they lie in fetched bytes, for compiled modules: read from there, a record needs no object of its own."""

cdef struct Span:
    const unsigned char* key
    const unsigned char* value
    Py_ssize_t key_size, value_size
    long long offset, stamp_ms


cdef class RecordRun:
    cdef list _kept
    cdef Span* _spans
    cdef readonly Py_ssize_t size
    cdef Span* span(self, Py_ssize_t place) noexcept
    cdef bint is_key(self, Py_ssize_t place, bytes key) noexcept
    cdef object _field(self, int column, Py_ssize_t place)
    cdef int _room_for(self, Py_ssize_t size) except -1
