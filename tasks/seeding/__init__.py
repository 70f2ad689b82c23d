"""Seed rounds: which indices changed, and their closed copies on the target."""
