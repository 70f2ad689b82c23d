"""Copy indices by `_reindex`, which the target runs itself, instead of from a snapshot."""
