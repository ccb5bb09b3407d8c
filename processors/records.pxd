cimport cython

from processors.fold cimport Fold
from processors.page cimport Page
from processors.statements cimport Statement
from processors.tally cimport Tally


@cython.locals(size=cython.Py_ssize_t, slots=list)
cpdef object slots_of(Tally tally)
@cython.locals(tally=Tally, found=dict)
cdef dict _campaigns(dict parts)
@cython.locals(tally=Tally)
cdef object _part(list tallies)
@cython.locals(latest=Statement, tally=Tally)
cpdef object operator_hour(
    Page page, Fold folded, hour, meaning, bint is_final, long long emitted_us, rates_of=*
)
cpdef str operator_key(Page page)
