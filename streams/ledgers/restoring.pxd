cimport cython

from processors.interning cimport Interned
from processors.statements cimport CallStatement, Statement
from streams.ledgers.book cimport Book
from streams.ledgers.live_page cimport LivePage


cdef class Restorer:
    cdef object _clocks
    cdef dict _parts
    cdef Interned _times, _talks
    @cython.locals(
        page=LivePage, statement=Statement, pages=dict, parts=dict, kind_of=dict, kinds=list, kind=int, standing=dict,
    )
    cpdef join(self, Book book, list run, long long written_us)
    cdef _share_talk(self, CallStatement call)
    @cython.locals(page=LivePage)
    cdef tuple _open(self, Book book, Statement statement)
