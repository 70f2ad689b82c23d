"""Persistent state of a run: identity, journal, lock, state folder, and progress reports."""
