"""Idempotent writers of what the pages fold to."""
