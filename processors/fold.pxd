cimport cython

from processors.rules cimport ConversationRule
from processors.statements cimport CallStatement, ConversationStatement, Statement
from processors.tally cimport Tally

cdef int _CALLS, _INBOUND, _ANSWERED, _HUMAN, _ABANDONED, _CONVERSATIONS, _TIMED, _APPOINTMENTS, _PENDING, _SALES
cdef int _JUDGED, _UNCLASSIFIED, _CALL_SLOTS, _CONVERSATION_SLOTS, _APPOINTMENT_SLOTS
cdef long long _SLOT_US


cdef class Fold:
    cdef long long _hour_us
    cdef int _slots
    cdef ConversationRule _rule
    cdef public dict parts, named
    cdef public Statement latest
    cpdef Tally total(self)
    cpdef Tally tally(self, part)
    @cython.locals(latest=Statement)
    cpdef see(self, Statement statement)
    cdef _slot(self, Tally tally, int row, long long at_us, int sign=*)
    @cython.locals(ground=Statement)
    cpdef add(self, call_id, CallStatement call, ConversationStatement conversation, int sign=*)
    @cython.locals(tally=Tally, counts=list)
    cdef _add_call(self, Statement ground, CallStatement call, ConversationStatement conversation, int sign)
    @cython.locals(tally=Tally)
    cdef _add_concluded_appointment(self, Statement ground, int sign)
    @cython.locals(tally=Tally, counts=list)
    cpdef add_appointment(self, appointment, long long at_us, int sign=*)
    @cython.locals(tally=Tally)
    cpdef add_sale(self, sale, int sign=*)


cdef bint _is_answered(CallStatement call, conversation, talk_us) except -1
