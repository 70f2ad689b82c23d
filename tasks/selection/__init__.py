"""Select the indices that move, and their names on the target. Pure."""
