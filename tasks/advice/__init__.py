"""Advice: which way to another version, Region, account or domain fits, and why."""
