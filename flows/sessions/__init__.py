"""Sessions: begin or resume a run, hold its locks, record how it ended."""
