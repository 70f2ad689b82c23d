"""Facts that checks read, each once for all checks."""
