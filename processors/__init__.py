"""The thinking: pure functions from facts to KPIs; no clock, no input or output."""
