cimport cython

from processors.statements cimport Statement
from streams.ledgers.book cimport Book
from streams.ledgers.live_page cimport LivePage


cdef class Restorer:
    cdef object _clocks
    cdef dict _parts
    @cython.locals(
        page=LivePage, statement=Statement, pages=dict, parts=dict, kind_of=dict, kinds=list, kind=int, standing=dict,
    )
    cpdef join(self, Book book, list run, long long written_us)
    @cython.locals(page=LivePage)
    cdef tuple _open(self, Book book, Statement statement)
