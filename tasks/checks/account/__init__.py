"""Checks of the caller, the roles and their rights."""
