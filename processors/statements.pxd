"""Where statements keep their fields, for compiled modules: read from there, a field costs a tenth of a lookup by name.

CPython lays slots out by the alphabet, a base's first. The scanner sees for itself that it is so when it is imported, which every program does.
"""

cdef extern from *:
    """
    #include <structmember.h>
    typedef struct {
        PyObject_HEAD
        PyObject *at_us, *hour_us, *id, *owner, *part, *version, *voided;
    } DialpulseStatement;
    typedef struct {
        DialpulseStatement __pyx_base;
        PyObject *answered_by, *flags, *rest, *talk_us;
    } DialpulseCallStatement;
    typedef struct {
        DialpulseStatement __pyx_base;
        PyObject *outcome, *rest, *talk_us, *warm_horizon;
    } DialpulseConversationStatement;

    static Py_ssize_t dialpulse_offset_of(PyObject *member) {
        return Py_TYPE(member) == &PyMemberDescr_Type ? ((PyMemberDescrObject *)member)->d_member->offset : -1;
    }
    """
    Py_ssize_t offset_of "dialpulse_offset_of"(object member)

    ctypedef class processors.statements.Statement [object DialpulseStatement, check_size ignore]:
        cdef readonly object at_us, hour_us, id, owner, part, version, voided

    ctypedef class processors.statements.CallStatement(Statement) [object DialpulseCallStatement, check_size ignore]:
        cdef readonly object answered_by, flags, rest, talk_us

    ctypedef class processors.statements.ConversationStatement(Statement) [
        object DialpulseConversationStatement, check_size ignore
    ]:
        cdef readonly object outcome, rest, talk_us, warm_horizon
