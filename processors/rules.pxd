cdef class ConversationRule:
    cdef readonly str name
    cdef readonly object least_talk_us
    cdef readonly bint by_human_answer, talk_alone
    cpdef bint holds(self, bint concluded, answered_by, talk_us) except -1
