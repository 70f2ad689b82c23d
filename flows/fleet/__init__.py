"""Run a fleet: start its plans in order, follow them, and start again what was interrupted."""
