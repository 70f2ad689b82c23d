"""Restore indices on the target, and follow their recovery."""
