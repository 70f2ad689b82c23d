"""Watching a run from beside it: on a terminal, on a page, as metrics. Sends no domain anything."""
