"""What the command prints and records of itself: streams, console, progress, the log of a run, the trace."""
