"""Estimate how long a migration will take."""
