"""Level operations: compare sequence numbers."""
