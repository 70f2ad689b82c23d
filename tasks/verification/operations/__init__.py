"""Level operations: what sequence numbers prove."""
