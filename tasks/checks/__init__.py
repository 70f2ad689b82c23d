"""Preflight: named, read-only checks. `registry` lists all of them, `run` runs them."""
