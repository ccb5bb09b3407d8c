"""One worker: the flow with what surrounds it, and the supervisor that starts it again."""
