"""Policies that take snapshots on a schedule."""
