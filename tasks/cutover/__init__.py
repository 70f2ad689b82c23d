"""The cutover: freeze the source, copy the last round, and open the target or roll back."""
