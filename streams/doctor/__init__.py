"""The doctor: what the system stands on, looked at piece by piece, and what to do about what is wrong."""
