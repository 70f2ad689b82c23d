"""The command: parses, calls, prints, and owns the exit code."""
