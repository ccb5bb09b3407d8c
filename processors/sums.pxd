from processors.tally cimport Tally


cpdef object to_lanes(tally)


cdef class Sum:
    cdef object _lanes
    cdef Tally _money
    cpdef change(self, lanes, added, removed)
