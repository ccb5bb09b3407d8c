"""What the worker keeps behind its tables: pages and roll-ups, what of them is unwritten, and what to write."""
