"""The front door: what the managed service does before and around the engine."""
