"""The recount: everything that the pipeline published, worked out again from the facts and compared."""
