from processors.changes cimport take
from processors.fold cimport Fold
from processors.page cimport Page
from processors.statements cimport Statement


cdef class LivePage(Page):
    cdef public object hour
    cdef public Fold folded
    cdef public bint touched
    cdef public long long awaited_us, end_us, written_us
    cdef public dict ended, counted
    cpdef object take(self, Statement statement)
    cpdef Fold settle(self, clocks, rule)
    cpdef see_end(self, part, ended_us)
