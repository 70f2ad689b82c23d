"""Preflight: named checks that only read. One module a group; `catalogue` has all, `run` runs them."""
