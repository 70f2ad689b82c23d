"""A fleet on the command line: its call, its consents, and the processes that run its plans."""
