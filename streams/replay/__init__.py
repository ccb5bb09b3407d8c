"""Logs of real dialers, read into facts."""
