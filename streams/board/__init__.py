"""The wallboard: page, JSON API and events, read from Redis alone."""
