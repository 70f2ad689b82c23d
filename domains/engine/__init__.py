"""Typed calls on the engine of one domain."""
