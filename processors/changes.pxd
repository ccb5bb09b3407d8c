cimport cython

from processors.fold cimport Fold
from processors.page cimport Page
from processors.statements cimport Statement


@cython.locals(kind=int)
cpdef object take(Page page, Fold folded, Statement statement)
cdef _count_call(Fold folded, identity, old_call, old_conversation, call, conversation)
cdef _count_appointment(Page page, Fold folded, old, new)
cdef _count_sale(Fold folded, old, new)
cdef _add_call(Page page, Fold folded, call_id, int sign)
cdef _drop_emptied(Fold folded, call_id, call, conversation)
cdef _drop_if_empty(Fold folded, part)
cdef _see(Page page, Fold folded, old, Statement new)
