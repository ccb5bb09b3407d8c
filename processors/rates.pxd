cimport cython

cdef int _TALK


@cython.locals(values=list)
cdef list _values(counts, talk_us, hours)

@cython.locals(values=list, texts=list, known=dict, place=int, above=int, below=int, is_share=bint)
cpdef object written_rates(counts, talk_us, hours)
