"""The cutover: the source frozen, the last round, and the target opened, or everything put back."""
