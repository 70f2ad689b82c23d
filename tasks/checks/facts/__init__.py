"""What the checks read: each thing once for all checks."""
