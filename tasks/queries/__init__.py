"""The query gate: recorded searches run on both sides, and compared."""
