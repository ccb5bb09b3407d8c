"""Plain values in JSON, as the scanner sees them; times and durations in microseconds."""

ctypedef long long us_t
ctypedef const unsigned char* text_t

# What a value was found to be.
cdef enum:
    ABSENT, TEXT, NUMBER, TRUE, FALSE

# Numbers that stand for a value that is absent, and for one that is there and not plain.
cdef enum:
    NONE = -1
    NOT_PLAIN = -2


cdef struct Value:
    int kind
    text_t at
    Py_ssize_t size


cdef struct Rest:
    unsigned char* at
    unsigned char* last  # after the last one that is not absent
    int count
    int kept


cdef inline text_t past_blanks(text_t at, text_t end) noexcept nogil:
    while at < end and (at[0] == c" " or at[0] == c"\n" or at[0] == c"\r" or at[0] == c"\t"):
        at += 1
    return at


cdef text_t past_text(text_t at, text_t end) noexcept nogil
cdef text_t past_value(text_t at, text_t end, Value* value) noexcept nogil
cdef bint is_id(Value* value) noexcept nogil
cdef bint is_id_or_absent(Value* value) noexcept nogil
cdef us_t whole(Value* value) noexcept nogil
cdef us_t time_us(Value* value) noexcept nogil
cdef us_t time_or_none(Value* value) noexcept nogil
cdef us_t duration_or_none(Value* value) noexcept nogil
cdef bint is_word(Value* value, bytes word) noexcept
cdef object bytes_of(Value* value)
cdef object text_of(Value* value)
cdef object text_or_none(Value* value)
cdef void begin(Rest* rest, unsigned char* buffer) noexcept nogil
cdef void pack_number(Rest* rest, us_t number) noexcept nogil
cdef void pack_text(Rest* rest, Value* value) noexcept nogil
cdef object packed(unsigned char* buffer, Rest* rest)
