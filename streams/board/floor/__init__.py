"""The floor view: a row per operator, for supervisors."""
