"""Fill the source with data."""
