"""Register the shared repository on both domains, and revert that."""
