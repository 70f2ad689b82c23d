"""Checks of both domains."""
