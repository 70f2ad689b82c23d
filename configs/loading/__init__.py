"""Read a plan file: YAML with line numbers, validation, all problems at once."""
