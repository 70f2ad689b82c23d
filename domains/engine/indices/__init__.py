"""Typed calls on single indices: made, described, opened, closed and blocked."""
