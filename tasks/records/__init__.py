"""Records that steps return and journals store. Values only."""
