"""Records: what steps return and journals hold. Values only."""
