"""Repair of a migrated target: exactly the documents that a verification names."""
