"""Checks of the group account."""

from tasks.checks.check import Check

CHECKS: tuple[Check, ...] = ()
