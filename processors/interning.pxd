cimport cython


cdef class Interned:
    cdef long long _grain, _places
    cdef list _numbers
    @cython.locals(place=Py_ssize_t, known="long long")
    cpdef object one(self, long long number)
