"""A fleet: many plans that are run together, in waves, within limits."""
