"""Read a plan file: YAML with line numbers, validation, every problem at once."""
