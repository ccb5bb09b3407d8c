cimport cython

from processors.scanner cimport Scanner, us_t
from processors.statements cimport Statement
from streams.engine.stored cimport RecordRun, Span
from streams.ledgers.book cimport Book, Home
from streams.ledgers.live_page cimport LivePage


cdef class BatchNews:
    cdef public us_t now_us, present_us, late, delay_us
    cdef public list results, delays, bounds_us


@cython.locals(
    run=RecordRun, span="Span*", pages=dict, homes=dict, home=Home, place=cython.Py_ssize_t, ended_us=us_t,
    page=LivePage, statement=Statement, scanner=Scanner, kind=int, acceptance=int,
)
cpdef take_in(batch, str topic, Book book, reader, desk, BatchNews news)
cdef _note(LivePage page, Statement statement, us_t ended_us, BatchNews news)
@cython.locals(bound_us=us_t, place=cython.Py_ssize_t)
cdef _note_delay(BatchNews news, us_t delay_us)
