"""Checks of the room on the target: disk, shards, replicas."""
