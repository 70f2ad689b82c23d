"""Checks of the bucket."""
