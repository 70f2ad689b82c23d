"""Checks of the group bucket."""

from tasks.checks.check import Check

CHECKS: tuple[Check, ...] = ()
