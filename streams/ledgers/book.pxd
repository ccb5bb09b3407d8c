from streams.ledgers.live_page cimport LivePage


cdef class Home:
    cdef public bytes key
    cdef public LivePage page


cdef class Book:
    cdef public dict pages, homes
    cdef public object by_hour, forwarded, finality, generation, stale
    cdef public list touched, rows, rejected
    cdef public long long misfit_bytes
    cdef public bint is_whole
    cpdef touch(self, LivePage page)
