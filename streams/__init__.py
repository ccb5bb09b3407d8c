"""The doing: everything that touches a socket, a clock or a disk."""
