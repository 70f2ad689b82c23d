"""Checks of the group domains."""

from tasks.checks.check import Check

CHECKS: tuple[Check, ...] = ()
