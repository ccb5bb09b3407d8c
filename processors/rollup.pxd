cimport cython

from processors.fold cimport Fold
from processors.page cimport Page
from processors.sums cimport Sum
from processors.tally cimport Tally


@cython.locals(tally=Tally, parts=list)
cpdef object contribution(Page page, Fold folded, hour, meaning, bint is_final)
cdef tuple _sortable(part)


cdef class Share:
    cdef public object lanes
    cdef public tuple amounts
    cpdef Share plus(self, Share other)


cdef class Given:
    cdef public object weight
    cdef public tuple kind
    cdef public bint is_operator
    cdef public dict shares


cdef class RollUp:
    cdef public Sum sum
    cdef public object weight
    cdef public dict finals, generations, clocks
    cdef public long long operators
    @cython.locals(left=Share, come=Share, old=Share, new=Share)
    cpdef exchange(self, target, Given before, Given after)
    cdef _note(self, Given given, Share share, int sign)


cdef _count(dict book, key, sign)


cdef class HourPage:
    cdef public object hour_us
    cdef public dict given, roll_ups
    @cython.locals(standing=Given, given=Given, before=dict, changed=dict)
    cpdef object accept(self, contribution)
    cpdef RollUp open(self, target)
