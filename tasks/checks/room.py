"""Checks of the group room."""

from tasks.checks.check import Check

CHECKS: tuple[Check, ...] = ()
