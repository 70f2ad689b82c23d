"""Build the report model from journals."""
