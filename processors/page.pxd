cimport cython

from processors.statements cimport Statement


cdef class Page:
    cdef public str owner
    cdef public object hour_us, weight
    cdef public list kinds
    cdef public object parts
    cdef public object _part
    @cython.locals(book=dict, standing=Statement, kind=int)
    cpdef object accept(self, Statement statement)
    cpdef name_part(self, part)
    @cython.locals(book=dict)
    cpdef object standing(self, int kind, identity)
