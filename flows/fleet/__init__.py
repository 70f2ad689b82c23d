"""Run a fleet: start its plans in order, follow them, and restart what was interrupted."""
