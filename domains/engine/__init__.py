"""Typed calls to the engine of one domain."""
