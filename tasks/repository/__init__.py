"""Register the shared repository on both domains, and revert the registration."""
