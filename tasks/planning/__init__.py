"""The resolved migration: what `plan` shows and saves."""
