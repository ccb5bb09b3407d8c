cdef class Tally:
    cdef public list counts
    cdef public long long talk_us
    cdef public list slots
    cdef public dict amounts
    cdef public dict sales_in
