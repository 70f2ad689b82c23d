"""Seed rounds: find what changed on the source and keep closed copies of it on the target."""
