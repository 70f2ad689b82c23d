"""What the source is filled with."""
