"""Checks of the indices that move."""
