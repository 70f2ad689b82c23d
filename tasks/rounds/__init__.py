"""Seed rounds: closed copies of the source's indices on the target, each round restored onto the last one."""
