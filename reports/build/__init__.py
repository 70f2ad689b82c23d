"""From journals to the report model."""
