"""What people would pick instead: each a program of its own, written as its documentation would have it."""
