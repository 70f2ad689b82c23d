"""The guard of a window: a process of its own that releases the source when the command cannot."""
