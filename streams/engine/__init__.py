"""What Faust lacks: delivery in batches, a strict flush before every commit, tables that merge, leases on outputs.

Knows nothing of what the records mean: a `Ledger` keeps the state behind a table, and the engine sees to it that
nothing of it is lost, committed too early, or overwritten by a worker that no longer owns it.
"""
