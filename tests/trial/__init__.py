"""The trial of the alerts: simulated weeks through the real rules in a real Prometheus. ``make alerts-trial``."""
